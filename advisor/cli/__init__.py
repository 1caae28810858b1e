"""The command line; its modules load on use: every reading process imports this one anew."""

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line. Exit codes: 0 done, 1 failed or refused, 2 wrong usage."""
    from advisor.cli.app import run

    run()
