import json

import pytest
from typer.testing import CliRunner

from advisor.errors import UsageError
from eval.retrieval import benchmark, difference, read_collection, report


@pytest.fixture
def collection(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    texts = {
        "a": "Le réseau de chaleur au bois dessert la mairie et l'école.",
        "b": "Les panneaux photovoltaïques couvrent le toit de l'église.",
        "c": "La chorale répète chaque jeudi dans la salle des fêtes.",
    }
    questions = {"q1": "Où va le réseau de chaleur ?", "q2": "panneaux photovoltaïques de l'église"}
    (folder / "corpus.jsonl").write_text(
        "".join(
            json.dumps({"id": key, "title": "", "text": text}) + "\n" for key, text in texts.items()
        )
    )
    (folder / "queries.jsonl").write_text(
        "".join(json.dumps({"id": key, "text": text}) + "\n" for key, text in questions.items())
    )
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tb\t1\n")
    return folder


def test_every_system_is_measured_on_the_same_questions(collection) -> None:
    found, scores = benchmark(collection)
    by_name = {score.system: score for score in scores}
    assert by_name.keys() == {"raw BM25", "lexical", "static", "hybrid"}
    assert by_name["hybrid"].means["nDCG@10"] == 100
    assert all(set(score.per_question) == {"q1", "q2"} for score in scores)
    assert "hybrid" in report(found, scores)


def test_a_system_does_not_differ_from_itself(collection) -> None:
    _, scores = benchmark(collection)
    assert difference(scores[0], scores[0]) == (0.0, 0.0, 0.0)


def test_a_missing_or_damaged_file_is_named(collection) -> None:
    (collection / "queries.jsonl").write_text("{not json\n")
    with pytest.raises(UsageError) as caught:
        read_collection(collection)
    assert "queries.jsonl" in caught.value.message()
    (collection / "qrels.tsv").unlink()
    with pytest.raises(UsageError) as caught:
        read_collection(collection)
    assert "qrels.tsv" in caught.value.message()


def test_the_command_prints_and_writes_the_report(collection, tmp_path) -> None:
    from advisor.cli.app import app

    path = tmp_path / "rapports" / "rapport.md"  # the folder is made
    result = CliRunner().invoke(app, ["eval", "retrieval", str(collection), "--report", str(path)])
    assert result.exit_code == 0, result.output
    assert "nDCG@10" in path.read_text(encoding="utf-8")
    assert path.with_suffix(".png").stat().st_size > 1000
