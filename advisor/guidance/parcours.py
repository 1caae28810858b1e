"""The rules of guidance that a facilitator can edit: YAML files with a checked schema."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from advisor.errors import UsageError

FOLDER = Path(__file__).resolve().parents[2] / "corpus" / "parcours"


class Strict(BaseModel):
    """A part of such a file; a field it does not know is an error."""

    model_config = ConfigDict(extra="forbid")


class Text(Strict):
    """A text in the three languages."""

    fr: str = Field(min_length=3)
    en: str = Field(min_length=3)
    de: str = Field(min_length=3)

    def in_language(self, lang: str) -> str:
        """Return the text in a language, French where it is not served."""
        return str(getattr(self, lang, self.fr))


Rules = TypeVar("Rules", bound=Strict)


def read_rules(path: Path, model: type[Rules]) -> Rules:
    """Return the rules of a file.

    Raises:
        UsageError: it is missing, or a field is wrong; the message names it.
    """
    found: Rules = _read(path, model)
    return found


@lru_cache(maxsize=8)
def _read(path: Path, model: type[Rules]) -> Rules:
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError:
        raise UsageError("parcours_missing", path=str(path)) from None
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"]) or path.stem
        raise UsageError("parcours_bad", path=str(path), reason=place) from None
    except UnicodeDecodeError:
        raise UsageError("parcours_bad", path=str(path), reason="UTF-8") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise UsageError("parcours_bad_line", path=str(path), line=line) from None
