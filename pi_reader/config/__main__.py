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
# Nothing here has to be changed for a first try. A line that begins with "# name = value" shows the
# default; take the "# " away and write your own. Lines marked "wiring" are the wiring shown in
# systemd/README.md: take away their "# " if you built that. Pins are GPIO lines, numbered as the
# chip numbers them, not by their place on the header; each line can be used only once.
#
# What is wrong here keeps the box from starting, and one line says why:
#     pi-reader doctor
# New settings count after
#     sudo systemctl restart pi-reader"""

NUMBERS = """\
# Numbers of the page that have a name, any number of them (see systemd/README.md):
#     [[numbers]]
#     name = "kitchen"      letters, digits, - and _
#     line = 1              or region = [x, y, width, height] in pixels of what is read
#     place = 1             which number of its line
#     kind = "number"       or "time", "date", "text"
#     decimals = 1          also where no point is written; mark = "." or "," for either
#     digits = [1, 3]       how many it has, least and most
#     minimum = -20
#     maximum = 45
#     rises_per_hour = 10   by how much it may change
#     may_fall = true       a meter never falls
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
