"""Files of one JSON object per line, read with the line that is wrong named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from advisor.errors import UsageError

T = TypeVar("T")


def read_lines(path: Path, build: Callable[[int, dict[str, Any]], T]) -> list[T]:
    """Return what ``build`` makes of each line, given its number and its object.

    Raises:
        UsageError: the file is missing or empty, or a line cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageError("no_such_file", path=str(path)) from None
    if not lines:
        raise UsageError("no_such_file", path=str(path))
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(build(number, json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"ligne {number} : {error}"
            raise UsageError("eval_bad_file", path=str(path), reason=reason) from None
    return found
