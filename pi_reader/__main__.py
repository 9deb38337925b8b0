"""`python -m pi_reader` is the command `pi-reader`, for machines where it is not on the path."""

import sys

from pi_reader.cli.main import main

sys.exit(main())
