"""The errors a user can meet.

Each carries a translation key and its parameters; ``message(lang)`` gives the sentence.
"""

from __future__ import annotations

import errno

from advisor.i18n import translate


class AdvisorError(Exception):
    """Base class. ``code`` is a key of the ``[errors]`` table of the translations."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def message(self, lang: str = "fr") -> str:
        """Return the sentence to show, in the given language."""
        return translate(f"errors.{self.code}", lang, **self.params)

    def __str__(self) -> str:
        return self.message()


class UsageError(AdvisorError):
    """The request itself cannot be served: an unknown document, an unusable setting."""


class ReadRefused(AdvisorError):
    """A file cannot be imported: locked by a password, damaged, empty, of unknown format."""


class WriterBusy(AdvisorError):
    """Another process is writing to the same home."""


class StorageError(AdvisorError):
    """The disk is full, read-only or the catalogue is damaged."""


class IndexUnavailable(AdvisorError):
    """A derived index is missing, damaged or was made with another model."""


class ModelUnavailable(AdvisorError):
    """An embedding model cannot be loaded."""


class LanguageModelFailed(AdvisorError):
    """The language model did not give a usable answer."""


#: What the system says when the disk, the quota or the largest file allowed is full.
DISK_FULL = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT)


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, its class when it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
