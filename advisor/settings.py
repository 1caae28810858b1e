"""Every setting, read from the environment (prefix ``ADVISOR_``) or a ``.env`` file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from advisor.errors import UsageError

PACKAGE = Path(__file__).resolve().parent
SHIPPED_MODEL = PACKAGE / "models" / "static_fr_en_de"
SHIPPED_ENCODER = PACKAGE / "models" / "tokens_fr_en_de"


class Settings(BaseSettings):
    """Typed settings; each field is documented in the README's table."""

    model_config = SettingsConfigDict(env_prefix="ADVISOR_", env_file=".env", extra="ignore")

    # Left empty, it is as if it were not set: not the current folder.
    home: Annotated[Path, BeforeValidator(lambda value: value or ".advisor")] = Path(".advisor")
    lang: Literal["fr", "en", "de"] = "fr"
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=1, le=65535)
    root_path: str = ""

    embedding_model: str = str(SHIPPED_MODEL)
    token_encoder: str | None = str(SHIPPED_ENCODER)
    reranker: str | None = None
    chroma_url: str | None = None

    llm: str | None = None
    llm_base_url: str | None = None
    llm_api_key: str | None = None
    llm_timeout: float = Field(default=60.0, gt=0)
    llm_unsupported: Literal["show", "drop"] = "show"

    workers: int = Field(default=2, ge=1, le=64)
    read_timeout: float = Field(default=120.0, gt=0, description="seconds for one file")
    read_memory_mb: int = Field(default=2048, ge=256, description="address space of a worker")
    read_max_mb: int = Field(default=200, ge=1, description="size of one file")
    read_max_pages: int = Field(default=3000, ge=1)

    @property
    def catalogue_path(self) -> Path:
        return self.home / "catalogue.sqlite"

    @property
    def index_path(self) -> Path:
        return self.home / "index"

    @property
    def originals_path(self) -> Path:
        return self.home / "originals"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        UsageError: a setting has a value that cannot be used, or ``.env`` cannot be read.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "ADVISOR_" + "_".join(str(part) for part in first["loc"]).upper()
        raise UsageError("bad_setting", name=name, value=str(first.get("input"))) from None
    except (UnicodeDecodeError, OSError):
        raise UsageError("settings_not_text", path=str(Path(".env").absolute())) from None
