"""`python -m pi_reader` is the command `pi-reader`, for machines where it is not on the path.

Both begin here: until the first lines of a command are imported, a Ctrl-C ends quietly.
"""

import os
import signal
import sys


def _leave(number: int, frame: object) -> None:
    os._exit(130)


if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _leave)


def start() -> int:
    """Run the command line of the process; the result is the exit code."""
    listens = signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _leave)
    if listens:
        signal.signal(signal.SIGINT, _leave)
    from pi_reader.cli.main import interrupt, main

    try:
        if listens:  # a shell lets what it starts in the background ignore it
            signal.signal(signal.SIGINT, interrupt)
        return main()
    except KeyboardInterrupt:  # before or after the command itself
        print("pi-reader: stopped", file=sys.stderr)
        return 130
    finally:
        if listens:  # all is said; what the interpreter tidies up needs no traceback
            signal.signal(signal.SIGINT, _leave)


if __name__ == "__main__":
    sys.exit(start())
