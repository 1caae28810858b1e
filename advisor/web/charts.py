"""Charts as SVG, drawn here: no tile, no font, no script from outside.

Every chart has a table beside it in the page for those who do not see it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

_OUTLINE = Path(__file__).parent / "static" / "outline.json"
# The part of Europe shown, in degrees: west, south, east, north.
_WEST, _SOUTH, _EAST, _NORTH = -6.0, 41.0, 15.5, 55.5
_WIDTH = 640
_INK, _ACCENT, _SOFT, _LINE = "#1f2421", "#0b5d3b", "#e5f2ea", "#b9c6bf"


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the map; ``share`` in [0, 1] is the size of its mark."""

    label: str
    latitude: float
    longitude: float
    share: float
    own: bool = False


@cache
def _outline() -> dict[str, list[list[list[float]]]]:
    found: dict[str, list[list[list[float]]]] = json.loads(_OUTLINE.read_text(encoding="utf-8"))
    return found


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))


_SCALE = _WIDTH / math.radians(_EAST - _WEST)
_HEIGHT = round(_SCALE * (_mercator(_NORTH) - _mercator(_SOUTH)))


def _place(longitude: float, latitude: float) -> tuple[float, float]:
    x = _SCALE * math.radians(longitude - _WEST)
    y = _SCALE * (_mercator(_NORTH) - _mercator(latitude))
    return round(x, 1), round(y, 1)


@cache
def _countries() -> str:
    paths = []
    for country, rings in _outline().items():
        fill = _SOFT if country in ("FR", "DE") else "#f3f5f4"
        steps = [
            "M" + "L".join(f"{x} {y}" for x, y in (_place(*point) for point in ring)) + "Z"
            for ring in rings
        ]
        paths.append(f'<path d="{"".join(steps)}" fill="{fill}" stroke="{_LINE}"/>')
    return "".join(paths)


def map_svg(points: Sequence[Point], title: str) -> str:
    """Return a map of France, Germany and their neighbours with some places marked."""
    marks = []
    for number, point in enumerate(points, start=1):
        x, y = _place(point.longitude, point.latitude)
        radius = 7 + 9 * max(0.0, min(1.0, point.share))
        fill = "#b45309" if point.own else _ACCENT
        text = "" if point.own else str(number)
        marks.append(
            f'<g><title>{escape(point.label)}</title><circle cx="{x}" cy="{y}" r="{radius:.1f}" '
            f'fill="{fill}" fill-opacity=".85" stroke="#fff"/>'
            f'<text x="{x}" y="{y + 4}" text-anchor="middle" fill="#fff" font-size="12" '
            f'font-weight="600">{text}</text></g>'
        )
    return _svg(_WIDTH, _HEIGHT, title, _countries() + "".join(marks))


def radar_svg(scores: Sequence[tuple[str, float | None]], title: str) -> str:
    """Return a radar of scores in [0, 1]; an axis without score is drawn empty."""
    size, middle, reach = 420, 210, 130
    count = len(scores)

    def at(axis: int, share: float) -> tuple[float, float]:
        angle = 2 * math.pi * axis / count - math.pi / 2
        return (
            round(middle + reach * share * math.cos(angle), 1),
            round(middle + reach * share * math.sin(angle), 1),
        )

    rings = "".join(
        f'<polygon points="{_points(at(axis, share) for axis in range(count))}" fill="none" '
        f'stroke="{_LINE}"/>'
        for share in (1 / 3, 2 / 3, 1)
    )
    shape = _points(at(axis, score or 0.0) for axis, (_, score) in enumerate(scores))
    labels = []
    for axis, (name, score) in enumerate(scores):
        x, y = at(axis, 1.18)
        anchor = "middle" if abs(x - middle) < 20 else "start" if x > middle else "end"
        value = "–" if score is None else f"{round(100 * score)} %"
        lines = [*_wrapped(name, 16), value]
        spans = "".join(
            f'<tspan x="{x}" dy="{0 if row == 0 else 15}">{escape(line)}</tspan>'
            for row, line in enumerate(lines)
        )
        top = y - 8 * (len(lines) - 1)
        labels.append(
            f'<text x="{x}" y="{top}" text-anchor="{anchor}" font-size="12" fill="{_INK}">'
            f"{spans}</text>"
        )
    drawn = f'<polygon points="{shape}" fill="{_ACCENT}" fill-opacity=".35" stroke="{_ACCENT}"/>'
    # Wide enough for the labels on both sides.
    body = f'<g transform="translate(100 0)">{rings}{drawn}{"".join(labels)}</g>'
    return _svg(size + 200, size, title, body)


def links_svg(points: Sequence[int], links: Sequence[tuple[int, int, float]], title: str) -> str:
    """Return numbered points on a circle and the links between them; strong ones are thick."""
    size, middle, reach = 520, 260, 215
    places = {
        point: (
            round(middle + reach * math.sin(2 * math.pi * place / len(points)), 1),
            round(middle - reach * math.cos(2 * math.pi * place / len(points)), 1),
        )
        for place, point in enumerate(points)
    }
    lines = "".join(
        f'<line x1="{places[one][0]}" y1="{places[one][1]}" x2="{places[other][0]}" '
        f'y2="{places[other][1]}" stroke="{_ACCENT}" stroke-opacity=".55" '
        f'stroke-width="{1 + 7 * max(0.0, min(1.0, strength)):.1f}"><title>{one} ↔ {other}</title>'
        "</line>"
        for one, other, strength in links
        if one in places and other in places
    )
    marks = "".join(
        f'<circle cx="{x}" cy="{y}" r="17" fill="{_ACCENT}" stroke="#fff" stroke-width="2"/>'
        f'<text x="{x}" y="{y + 5}" text-anchor="middle" fill="#fff" font-size="15" '
        f'font-weight="600">{point}</text>'
        for point, (x, y) in places.items()
    )
    return _svg(size, size, title, lines + marks)


def years_svg(spans: Sequence[tuple[int, int]], title: str) -> str:
    """Return spans of years on one line: a point for a year, a bar for several."""
    width, left, right, line = 900, 30, 870, 92
    first = min((start for start, _ in spans), default=0) // 10 * 10
    last = max((end for _, end in spans), default=10) // 10 * 10 + 10

    def at(year: int) -> float:
        return round(left + (right - left) * (year - first) / (last - first), 1)

    step = next(step for step in (10, 20, 50, 100, 1000) if (last - first) / step <= 12)
    ticks = "".join(
        f'<line x1="{at(year)}" y1="{line}" x2="{at(year)}" y2="{line + 8}" stroke="{_INK}"/>'
        f'<text x="{at(year)}" y="{line + 26}" text-anchor="middle" font-size="15" '
        f'fill="{_INK}">{year}</text>'
        for year in range(first, last + 1, step)
    )
    seen: dict[tuple[int, int], int] = {}
    marks = []
    for start, end in spans:
        height = line - 14 - 13 * min(seen.setdefault((start, end), 0), 5)
        seen[start, end] += 1
        if start == end:
            marks.append(f'<circle cx="{at(start)}" cy="{height}" r="6" fill="{_ACCENT}"/>')
        else:
            marks.append(
                f'<rect x="{at(start)}" y="{height - 4}" width="{at(end) - at(start):.1f}" '
                f'height="8" rx="4" fill="{_ACCENT}" fill-opacity=".45"/>'
            )
    axis = f'<line x1="{left}" y1="{line}" x2="{right}" y2="{line}" stroke="{_INK}"/>'
    return _svg(width, 130, title, axis + ticks + "".join(marks))


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _svg(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif"><title>{escape(title)}</title>{body}</svg>'
    )
