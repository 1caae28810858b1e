"""Fit the decision to answer or not.

    python -m eval.training.abstention QUESTIONS.jsonl FOLDER [--retrieval COLLECTION ...]

QUESTIONS are asked to FOLDER whole, then to FOLDER without the file that holds their evidence;
those of the test collections, cut to a sample, to their collection, then to FOLDER, which knows
nothing of them. With ``--also``, everything is asked to both folders too. The questions of
``out_of_scope.txt`` are asked to every folder. Every group weighs the same. Prints the weights for
``advisor/answer/abstention.py``, and the error on questions left out, by cross-validation.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from advisor.answer.abstention import Features, features
from advisor.answer.evidence import score_evidence
from advisor.retrieval.conversation import Turn
from advisor.retrieval.query import understand
from advisor.retrieval.search import PassageSearch
from advisor.settings import Settings
from eval.answers import Question, read_questions
from eval.retrieval import build_home, read_collection
from ingest.pipeline import Importer

_PASSAGES, _SAMPLE, _FOLDS = 8, 250, 5
Rows = npt.NDArray[np.float64]


def observe(search: PassageSearch, question: str, turns: Sequence[Turn] = ()) -> Features:
    """Return the features of a question."""
    found = search.search(understand(question, turns), _PASSAGES)
    query = found.query
    weights = found.weights
    evidence = search.lines(found)
    score_evidence(evidence, query.asked.values)
    return features(query, evidence, weights)


def of_questions(path: Path, folder: Path, work: Path) -> Iterator[tuple[str, Features, bool]]:
    """Yield (group, features, answerable) of the questions, with and without their file."""
    questions = [one for one in read_questions(path) if one.source in ("seed", "none", "dossier")]
    files = {
        json.loads(line)["id"]: json.loads(line).get("seed_file")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    whole = _search(work / "whole", [folder])
    for one in questions:
        yield f"in {one.source}", observe(whole, one.text, one.turns), one.source == "seed"
    for name in sorted({name for name in files.values() if name}):
        part = work / f"without-{name}"
        shutil.copytree(folder, part, ignore=shutil.ignore_patterns(name))
        search = _search(work / f"home-{name}", [part])
        for one in questions:
            if files[one.key] == name and not _elsewhere(one, part):
                yield "without", observe(search, one.text, one.turns), False


def of_everyday_life(search: PassageSearch, group: str) -> Iterator[tuple[str, Features, bool]]:
    """Yield (group, features, answerable) of questions that no corpus of this kind answers."""
    for line in Path(__file__).with_name("out_of_scope.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield group, observe(search, line), False


def of_collection(
    folder: Path, work: Path, strangers: Sequence[PassageSearch]
) -> Iterator[tuple[str, Features, bool]]:
    """Yield (group, features, answerable) of a sample of a test collection's questions."""
    collection = read_collection(folder)
    settings = Settings(home=work / collection.name, llm=None)
    build_home(collection, settings)
    search = PassageSearch(settings)
    keys = random.Random(0).sample(sorted(collection.questions), _SAMPLE)
    for key in keys:
        text = collection.questions[key]
        yield collection.name, observe(search, text), True
        for number, other in enumerate(strangers):
            yield f"{collection.name} elsewhere {number}", observe(other, text), False


def fit(rows: Rows, answers: Rows, weights: Rows) -> Rows:
    """Return the coefficients of a logistic regression, the constant last (Newton's method)."""
    design = np.column_stack([rows, np.ones(len(rows))])
    penalty = np.diag([0.5] * rows.shape[1] + [0.0])
    found = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (weights * (chance - answers)) + penalty @ found
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design + penalty
        found = found - np.linalg.solve(curvature, gradient)
    return found


def main() -> None:
    """Fit, print the weights and the figures by group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--retrieval", type=Path, nargs="*", default=[])
    parser.add_argument("--also", type=Path, help="a second folder, for the strangers' questions")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        seen = list(of_questions(options.questions, options.folder, work))
        folders = [options.folder, *([options.also] if options.also else [])]
        strangers = [
            _search(work / f"stranger-{number}", folders[:number])
            for number in range(1, len(folders) + 1)
        ]
        both = strangers[-1]
        for one in read_questions(options.questions):
            known = one.source in ("seed", "dossier")
            seen.append((f"both {one.source}", observe(both, one.text, one.turns), known))
        for number, stranger in enumerate(strangers):
            seen += of_everyday_life(stranger, f"out of scope {number}")
        for folder in options.retrieval:
            seen += of_collection(folder, work, strangers)
    report(seen)


def report(seen: Sequence[tuple[str, Features, bool]]) -> None:
    """Print the fitted weights and, by group, the share answered at several thresholds."""
    rows = np.array([astuple(found) for _, found, _ in seen])
    answers = np.array([float(answerable) for _, _, answerable in seen])
    groups = np.array([group for group, _, _ in seen])
    weights = np.ones(len(seen))
    for side in (0.0, 1.0):
        names = sorted(set(groups[answers == side]))
        for name in names:
            member = (groups == name) & (answers == side)
            weights[member] = 100 / len(names) / member.sum()
    found = fit(rows, answers, weights)
    for field, value in zip([*fields(Features), None], found, strict=True):
        print(f"{field.name if field else 'constant'}\t{value:.2f}")
    order = np.random.default_rng(0).permutation(len(seen)) % _FOLDS
    chance = np.zeros(len(seen))
    for fold in range(_FOLDS):
        kept = order != fold
        part = fit(rows[kept], answers[kept], weights[kept])
        chance[~kept] = 1 / (1 + np.exp(-(rows[~kept] @ part[:-1] + part[-1])))
    for name in sorted(set(groups)):
        for side in (1.0, 0.0):
            member = (groups == name) & (answers == side)
            if member.any():
                shares = " ".join(
                    f"{bar:.2f}:{100 * np.mean(chance[member] >= bar):5.1f} %"
                    for bar in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
                )
                side_name = "answerable" if side else "not"
                print(f"{name:22} {side_name:10} {member.sum():4}  answered at {shares}")


def _search(home: Path, folders: list[Path]) -> PassageSearch:
    settings = Settings(home=home, llm=None)
    Importer(settings).run(folders)
    return PassageSearch(settings)


def _elsewhere(question: Question, folder: Path) -> bool:
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.txt")]
    return any(piece in text for piece in question.evidence for text in texts)


if __name__ == "__main__":
    main()
