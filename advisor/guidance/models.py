"""What guidance hands out; ``model_dump()`` is the stable JSON of the commands."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from advisor.answer.models import Citation, PrimarySource


class Suggestion(BaseModel):
    """A dispositif: whether it may be asked for, why it is shown, what its fiche says."""

    slug: str
    name: str
    decision: Literal["eligible", "check", "not_eligible", "closed"]
    reasons: list[str]
    missing: list[str] = Field(description="fields of the profile its rules lack")
    holder: str
    offer: str
    status: str
    deadline: str | None
    checked: str = Field(description="date of the fiche's last check")
    score: float
    bears: bool = Field(
        description="whether it has what the need is about, not a common word of it"
    )
    citations: list[Citation]
    sources: list[PrimarySource] = Field(
        description="of the fiche, where a number of its header stands in none of the quotes"
    )
    url: str | None


class Suggested(BaseModel):
    """The dispositifs for a need: those to look at, and near ones that are out of reach."""

    need: str
    suggestions: list[Suggestion]
    excluded: list[Suggestion] = Field(
        description="closed or not eligible, though they answer the need; never recommended"
    )


class Peer(BaseModel):
    """A territory to learn from, with what is alike, what differs and what it did."""

    slug: str
    name: str
    kind: str
    country: str
    population: int | None
    population_year: int | None
    population_approximate: bool = Field(description="rounded, or one of several that differ")
    population_source: PrimarySource | None
    updated: str = Field(description="date of the fiche the population is from")
    latitude: float | None
    longitude: float | None
    similarity: float
    shares: dict[str, float] = Field(description="feature → similarity in [0, 1]")
    reasons: list[str]
    differences: list[str]
    citations: list[Citation]


class Peers(BaseModel):
    """Peer territories, best first, and the weights that ranked them."""

    topic: str
    weights: dict[str, float]
    peers: list[Peer]
