"""The example settings file, made from the tables: `python -m pi_reader.config`."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from pi_reader.config.settings import Settings

WIDTH = 100  # columns
_COMMAND = re.compile("`[^`]*`")  # stays on one line
HEAD = """\
# The settings of pi-reader: /etc/pi-reader/config.toml
#
# You need not change anything for a first try. A line that begins with "# name = value" shows the
# default; to change it, remove the "# " and edit the value. Lines marked "wiring" are the wiring
# shown in systemd/README.md: remove their "# " if you built that. Pins are GPIO numbers (GPIO17),
# not header pins; each can be used only once.
#
# With an error in here the box does not start; this says what is wrong:
#     pi-reader doctor
# To apply changes:
#     sudo systemctl restart pi-reader"""

NUMBERS = """\
# Named numbers on the page, as many as you like (see systemd/README.md):
#     [[numbers]]
#     name = "kitchen"      letters, digits, - and _
#     line = 1              or region = [x, y, width, height] in pixels of the part that is read
#     place = 1             the first, second ... number in that line
#     kind = "number"       or "time", "date", "text"
#     decimals = 1          even if no point is written; mark = "." or "," says which
#     digits = [1, 3]       fewest and most digits
#     minimum = -20
#     maximum = 45
#     rises_per_hour = 10   the most it may change in an hour
#     may_fall = true       false for a meter
#     unit = "°C\""""


def example() -> str:
    """The file with all sections, in which each setting is explained and left at its default."""
    blocks = [HEAD, NUMBERS]
    for name, section in Settings().sections.items():
        blocks.append("\n".join([f"[{name}]", *_lines(section)]))
    return "\n\n".join(blocks) + "\n"


def _lines(section: Any) -> Iterator[str]:
    """The settings of one section, each below what is said of it. JSON will do as TOML."""
    for key in fields(section):
        default, about = getattr(section, key.name), key.metadata
        whole = _COMMAND.sub(lambda found: found[0].replace(" ", "\0"), about["words"])
        for line in textwrap.wrap(whole, WIDTH - 2, break_on_hyphens=False):
            yield "# " + line.replace("\0", " ")
        shown = {"": default, "   # wiring": about["wiring"], "   # example": about["example"]}
        for mark, value in shown.items():
            if value is not None:
                yield f"# {key.name} = {json.dumps(value, ensure_ascii=False)}{mark}"


if __name__ == "__main__":
    print(example(), end="")
