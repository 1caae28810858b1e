"""The command line; its modules load on use: every reading process imports this one anew."""

import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line.

    Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 130 interrupted.
    """
    try:
        from advisor.cli.app import run

        run()
    except KeyboardInterrupt:  # before the first sentence, or a second time during the last
        sys.exit(INTERRUPTED)
