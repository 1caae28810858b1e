"""The tokenizers of the models that ship with the advisor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer of a model's folder, which works on one thread.

    Raises:
        Exception: ``tokenizer.json`` is missing or damaged (the library has no class for it).
    """
    # On the few texts of a question, threads that wait for each other cost more than they spare.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))
