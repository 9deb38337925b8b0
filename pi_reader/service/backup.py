"""`python -m pi_reader.service.backup`: setup.sh of any version runs it on an installed box."""

from __future__ import annotations

import sys

from pi_reader.box.backup import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
