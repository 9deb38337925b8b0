"""A fresh interpreter that finds our package, for tests of what it imports and prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def printed(code: str, *arguments: str | Path) -> str:
    """What a few lines print; they have to end well."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout


def loaded_by(arguments: list[str]) -> set[str]:
    """The modules a command leaves behind."""
    said = printed(
        "import sys\nfrom pi_reader.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "print('\\nloaded', *sorted(sys.modules))"
    )
    return set(said.rsplit("\nloaded ", 1)[1].split())
