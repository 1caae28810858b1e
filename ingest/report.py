"""What an import did, file by file, in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel

from advisor.i18n import translate


class Outcome(StrEnum):
    """Every file met ends in exactly one of these."""

    IMPORTED = "imported"
    WARNED = "imported_with_warnings"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class FileReport(BaseModel):
    """One file of an import. ``message`` is empty for a plain import."""

    path: str
    document_id: str | None
    outcome: Outcome
    message: str
    pages: int
    passages: int


class Totals(BaseModel):
    """Counts over the files of an import; ``seconds`` is the whole duration."""

    files: int = 0
    imported: int = 0
    imported_with_warnings: int = 0
    unchanged: int = 0
    refused: int = 0
    pages: int = 0
    passages: int = 0
    seconds: float = 0.0


class ImportReport(BaseModel):
    """The report of an import: what ``advisor import --json`` prints."""

    documents: list[FileReport]
    totals: Totals


@dataclass(slots=True)
class ReportBuilder:
    """Collects file reports in one language."""

    lang: str
    _files: list[FileReport] = field(default_factory=list)

    def add(
        self,
        path: str,
        outcome: Outcome,
        *,
        document_id: str | None = None,
        message: str = "",
        pages: int = 0,
        passages: int = 0,
    ) -> FileReport:
        """Record what became of a file."""
        report = FileReport(
            path=path,
            document_id=document_id,
            outcome=outcome,
            message=message,
            pages=pages,
            passages=passages,
        )
        self._files.append(report)
        return report

    def finish(self, seconds: float) -> ImportReport:
        """Return the whole report, files sorted by path."""
        totals = Totals(files=len(self._files), seconds=round(seconds, 2))
        for file in self._files:
            setattr(totals, file.outcome.value, getattr(totals, file.outcome.value) + 1)
            if file.outcome in (Outcome.IMPORTED, Outcome.WARNED):
                totals.pages += file.pages
                totals.passages += file.passages
        return ImportReport(
            documents=sorted(self._files, key=lambda file: file.path), totals=totals
        )


def warning_sentences(warnings: tuple[str, ...], lang: str) -> str:
    """Turn the warning codes of a document (``code:count:total``) into sentences."""
    sentences = []
    for warning in warnings:
        code, count, total = warning.split(":")
        sentences.append(translate(f"warnings.{code}", lang, count=int(count), total=int(total)))
    return " ".join(sentences)
