"""What the header of a fiche says and its text may not.

Who runs a programme, whether it is open, where a place lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from advisor.catalogue.store import Catalogue
from advisor.errors import UsageError
from advisor.i18n import format_date, translate
from advisor.retrieval.asked import Asked, Value
from advisor.retrieval.entities import Entity
from advisor.retrieval.query import Query
from advisor.text.language import Language

# Words that ask for the administrative place of a territory, folded.
_PLACED = frozenset(
    ["insee", "departement", "departements", "region", "department", "bundesland", "landkreis"]
)
#: The same, with what goes beside them: «code INSEE».
PLACE_WORDS = _PLACED | {"code"}
_STATES = {"ouvert": "header_open", "clos": "header_closed", "à vérifier": "header_unsure"}


def header_facts(
    catalogue: Catalogue, query: Query, asked: Asked, named: Iterable[Entity]
) -> list[str]:
    """Return what the headers of the fiches named say of what a question asks, in its language.

    Nothing for questions of other kinds.
    """
    facts: list[str] = []
    for one in named:
        try:
            record = catalogue.document(one.document_id).record or {}
        except UsageError:  # withdrawn a moment ago
            continue
        programme, territory = record.get("dispositif"), record.get("territory")
        if programme:
            facts += _of_programme(programme, one.title, asked, query.lang)
        if territory and (Value.PLACE in asked.values or _PLACED.intersection(query.words)):
            facts += _of_territory(territory, one.title, query.lang)
    return facts


def _of_programme(
    record: Mapping[str, Any], title: str, asked: Asked, lang: Language
) -> Iterator[str]:
    if Value.HOLDER in asked.values:
        yield translate("answer.header_holder", lang, title=title, holder=record["holder"])
    # Whoever asks for whom it is wants to know that it is over.
    over = record["status"] == "clos" and Value.AUDIENCE in asked.values
    if over or Value.STATE in asked.values:
        date = format_date(record["checked"], lang)
        yield translate(f"answer.{_STATES[record['status']]}", lang, title=title, date=date)


def _of_territory(record: Mapping[str, Any], title: str, lang: Language) -> Iterator[str]:
    parts = [
        translate(f"answer.header_{name}", lang, value=shown)
        for name, value in (
            ("region", record.get("region")),
            ("departements", record.get("departements")),
            ("insee", record.get("insee")),
        )
        if value and (shown := ", ".join(value) if isinstance(value, list) else str(value))
    ]
    if parts:
        yield translate("answer.header_place", lang, title=title, parts=", ".join(parts))
