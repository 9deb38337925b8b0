"""The table of what may be asked of a box from outside, and by whom; nothing else may be.

A restricted key over SSH, the page and the broker are looked up in the same TABLE. A request is cut
into words; arguments are numbers, digits or dates and must match their pattern whole. There are no
options and no file names. What is done then stands in `box.actions`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from pi_reader.errors import UsageError

OFFER_MEGABYTES = 2  # of weights from another machine; the store refuses what is larger
LONGEST = 500  # characters of a request: a full page of digits can be labelled

SSH, PAGE, BROKER = "ssh", "page", "broker"
"""Those who may ask: a restricted key, the page's process, and the one that speaks to a broker."""
OWNER = "owner"  # the box's own user, and root, at the clerk: may say what page and broker may


@dataclass(frozen=True)
class Entry:
    """One thing that may be said.

    usage: its words in small letters, and the kinds of its arguments; purpose: for people; callers:
    who may.
    """

    usage: str
    purpose: str
    callers: tuple[str, ...] = (SSH,)

    def arguments(self, words: list[str]) -> list[str] | None:
        """The arguments, if this is what was said, down to the last character; else None."""
        kinds = self.usage.split()
        if len(words) != len(kinds):
            return None
        pairs = list(zip(words, kinds, strict=True))
        if not all(
            word == kind if kind.islower() else PATTERNS[kind].fullmatch(word)
            for word, kind in pairs
        ):
            return None
        return [word for word, kind in pairs if not kind.islower()]


PATTERNS = {
    "N": re.compile("[1-9][0-9]{0,5}"),
    "DAY": re.compile(r"2[0-9]{3}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9])?"),
    "NUMBER": re.compile("[1-9][0-9]{0,11}"),
    "READ=DIGITS": re.compile("[0-9?]{1,200}=[0-9?-]{1,200}"),
    "DIGITS": re.compile("[0-9?-]{1,200}"),
    "DIGIT": re.compile("[0-9-]"),
    "FROM": re.compile("0|[1-9][0-9]{0,11}"),
    "CODE": re.compile("[0-9]{6}"),
    "VERSION": re.compile("[0-9a-f]{16}"),
    "CHANGES": re.compile(r"\{[ -~]{0,16000}\}"),
}


def parse(command: str) -> list[str]:
    """The words of a request. Raises UsageError for what no person types."""
    if len(command) > LONGEST:
        raise UsageError(f"request: has {len(command)} characters, should have {LONGEST} at most")
    if not all(letter.isascii() and letter.isprintable() for letter in command):
        raise UsageError("request: has characters that no request needs; say `help`")
    try:
        return shlex.split(command) or ["help"]
    except ValueError as error:  # a quote that does not end
        raise UsageError(f"request: {error}; say `help`") from error


def table_for(caller: str) -> tuple[Entry, ...]:
    """What one of them may say."""
    callers = {PAGE, BROKER} if caller == OWNER else {caller}
    return tuple(entry for entry in TABLE if callers & set(entry.callers))


def find(words: list[str], caller: str = SSH) -> tuple[Entry, list[str]]:
    """The entry that takes these words of that caller, and its arguments among them.

    Raises UsageError if none does.
    """
    allowed = table_for(caller)
    for entry in allowed:
        if (arguments := entry.arguments(words)) is not None:
            return entry, arguments
    near = [f"`{entry.usage}`" for entry in allowed if entry.usage.split()[0] == words[0]]
    hint = f"say {' or '.join(near)}" if near else "`help` tells what may"
    raise UsageError(f"request {' '.join(words):.60}: may not be said; {hint}")


def harmless(text: str) -> str:
    """A line without control characters, which are shown as Python writes them."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


_ALL, _BOTH, _PAGE = (SSH, PAGE, BROKER), (PAGE, BROKER), (PAGE,)

TABLE = (
    Entry("help", "this list", _ALL),
    Entry("status", "how the box is doing; follows a training until it ends"),
    Entry("retrain", "learn now instead of tonight"),
    Entry("cancel", "stop the training; what it reached is kept for the next", _ALL),
    Entry("readings", "the last 20 readings"),
    Entry("readings N", "the last N"),
    Entry("readings DAY", "all from a day, or a minute, on"),
    Entry("picture NUMBER", "the picture kept of that reading: a JPEG file in base64", _ALL),
    Entry("label last DIGITS", "what the last reading really is"),
    Entry("label last READ=DIGITS", "the same, if it was read like that"),
    Entry("label NUMBER DIGITS", "what the reading of that number is", _ALL),
    Entry("label last N DIGIT", "what its digit number N is"),
    Entry("weights list", "the generations of weights"),
    Entry("weights rollback", "go back to the one before"),
    Entry("weights offer", f"weights of another machine, sent after it: {OFFER_MEGABYTES} MB"),
    Entry("samples export", "all samples, as one npz"),
    Entry("samples import", "samples of another reader, sent after it"),
    Entry("read", "read what lies there now", _BOTH),
    Entry("train", "learn now instead of tonight", _BOTH),
    Entry("freeze", "hold what is shown", _BOTH),
    Entry("release", "let the display go on", _BOTH),
    Entry("identify", "say on the display that it is this box", _BOTH),
    Entry("label NUMBER N DIGIT", "what one digit of a reading is", _PAGE),
    Entry("relabel NUMBER DIGIT", "what a sample is", _PAGE),
    Entry("drop NUMBER", "forget a sample", _PAGE),
    Entry("use FROM", "read with that generation of weights", _PAGE),
    Entry("back", "go back to the generation before", _PAGE),
    Entry("aim", "measure focus and light for five seconds", _PAGE),
    Entry("code CODE", "show the code for the page; 000000 takes it away", _PAGE),
    Entry("set VERSION CHANGES", "change settings", _PAGE),
    Entry("show readings FROM N", "readings before a number, newest first", _PAGE),
    Entry("show readings after FROM N", "readings after a number", _PAGE),
    Entry("show reading NUMBER", "a reading, and its digits", _PAGE),
    Entry("show samples FROM N", "samples before a number", _PAGE),
    Entry("show suspects FROM N", "those that may be labelled wrongly", _PAGE),
    Entry("show generations", "the generations of weights", _PAGE),
    Entry("show settings", "the settings, with their rules", _PAGE),
    Entry("show health", "what the doctor says", _PAGE),
)
