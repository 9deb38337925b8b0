"""Requests that no honest caller would send, for the tests of what a restricted key may say."""

from __future__ import annotations

import random
import re
import shlex

MAY_BE_SAID = re.compile(
    "help|status|retrain|cancel|readings|readings [1-9][0-9]{0,5}"
    "|readings 2[0-9]{3}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9])?"
    "|label last ([0-9?]{1,200}=)?[0-9?-]{1,200}"
    "|label [1-9][0-9]{0,11} [0-9?-]{1,200}|label last [1-9][0-9]{0,5} [0-9-]"
    "|weights (list|rollback|offer)|samples (export|import)"
)
"""All that may be said, written down a second time, so that a slip in the table shows."""

HONEST = (
    "help",
    "status",
    "retrain",
    "cancel",
    "readings",
    "readings 5",
    "readings 2026-11-24",
    "readings 2026-11-24T08:00",
    "label last 2016",
    "label last 2-?7",
    "label last 3 7",
    "label last 36?=361",
    "label 1234 2016",
    "weights list",
    "weights rollback",
    "weights offer",
    "samples export",
    "samples import",
)
KNOWN_TRICKS = (
    "sh",
    "bash -i",
    "sh -c id",
    "/bin/sh",
    "python3 -c 1",
    "internal-sftp",
    "scp -t /tmp",
    "/usr/lib/openssh/sftp-server",
    "rsync --server . /",
    "git-upload-pack '/x'",
    "run",
    "train",
    "read /etc/shadow",
    "weights use 0",
    "weights show 1",
    "weights offer /etc/shadow",
    "samples export /tmp/x",
    "samples drop --all",
    "status --follow",
    "status --state /",
    "--help",
    "help --show-line /etc/shadow",
    "ssh --show-line /etc/shadow",
    "-",
    "--",
    "readings 0",
    "readings -1",
    "readings 1e9",
    "readings 9999999",
    "readings 2026-11-24;id",
    "readings 2026-11-24T08:00:00",
    "readings \u0662",
    "label last \u0667",
    "label 0 7",
    "label 1 7 7",
    "label last =7",
    "label last 7=",
    "label last 7=7=7",
    "label last 7 7 7",
    "label last 0 7",
    "label last " + "7" * 201,
    "status status",
    "STATUS",
    "weights",
    "weights  list\n",
    "'weights list'",
    "weights\\ list",
    "''",
    '"" status',
    "status ''",
)
_ATTACHED = (
    "; {}",
    " ; {}",
    " && {}",
    " || {}",
    " | {}",
    " & {}",
    "\n{}",
    "\r\n{}",
    " $({})",
    " `{}`",
    " > {mark}",
    " < /etc/passwd",
    " >> {mark}",
    " '",
    ' "',
    " \\",
    " #",
    " *",
    " ~",
    " ~root",
    " $HOME",
    " ${{IFS}}{}",
    " {{a,b}}",
    " !!",
    " %n%s",
    " ../../etc/passwd",
    " --help",
    " -rf /",
    " --state /",
    "\0{}",
    "\x1b[2J",
    "\t{}",
    "\u2028{}",
    "\u202e",
    "\ufeff",
    " é",
    " \x7f",
)
_LETTERS = (
    "abcdefghilmnoprstuwx 0123456789-?T:;&|$()`<>\\\"'*~#!{}[]/.,=+%@^_\n\r\t\0\x1b\x7fé\u2028"
)


def may_be_said(command: str) -> bool:
    """Whether a request is one of those that the table allows."""
    if not command.isascii() or not command.isprintable():
        return False
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return not words or (
        all(word and " " not in word for word in words)
        and len(command) <= 500
        and MAY_BE_SAID.fullmatch(" ".join(words)) is not None
    )


def hostile(rng: random.Random, mark: str) -> str:
    """One request; those that would run something in a shell would make the file `mark`."""
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(KNOWN_TRICKS)
    if kind < 0.25:
        return "".join(rng.choices(_LETTERS, k=rng.choice((1, 3, 10, 40, 600))))
    if kind < 0.28:
        return rng.choice(HONEST) + rng.choice((" ", "A", "7")) * rng.choice((300, 5000))
    said = rng.choice(HONEST)
    if kind < 0.35:
        return said
    if kind < 0.75:
        trick = rng.choice(_ATTACHED).format(f"touch {mark}", mark=mark)
        return rng.choice((said + trick, trick + said, said.replace(" ", trick, 1)))
    letters = list(said)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(letters) + 1)
        letters[place : place + rng.randint(0, 1)] = rng.choice(_LETTERS)
    return "".join(letters)
