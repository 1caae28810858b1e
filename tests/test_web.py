import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from fastapi.testclient import TestClient

from advisor.answer.answerer import Answerer
from advisor.web.render import answer_html, sources_html, typed_html
from tests.conftest import write_pdf


@pytest.fixture
def pdf_home(settings, tmp_path, import_into):
    pages = [
        ["Une premiere page sans rapport avec la question posee."],
        ["Le reseau de chaleur de la commune mesure 1,4 km."],
    ]
    import_into(settings, write_pdf(tmp_path / "reseau.pdf", pages))
    return settings


@pytest.fixture
def client(pdf_home):
    from advisor.web.server import build_app

    with TestClient(build_app(pdf_home)) as client:
        yield client


def test_the_page_is_served_under_a_strict_policy(client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert client.get("/docs").status_code == 404


def test_the_original_and_the_highlighted_page_are_served(client, pdf_home, tmp_path) -> None:
    answer = Answerer(pdf_home).answer("Combien mesure le réseau de chaleur ?")
    citation = next(one for one in answer.citations if "1,4 km" in one.quote)
    original = client.get(f"/source/{citation.document_id}/original")
    assert original.content == (tmp_path / "reseau.pdf").read_bytes()
    assert 'attachment; filename="reseau.pdf"' in original.headers["content-disposition"]
    place = f"/source/{citation.document_id}/page/2.webp"
    plain = client.get(place)
    marked = client.get(f"{place}?start={citation.start}&end={citation.end}")
    assert plain.headers["content-type"] == marked.headers["content-type"] == "image/webp"
    assert _yellow(marked.content) > 200 > _yellow(plain.content)


def _yellow(image: bytes) -> int:
    import io

    from PIL import Image

    pixels = Image.open(io.BytesIO(image)).convert("RGB").resize((300, 420)).get_flattened_data()
    return sum(red > 200 and green > 170 and blue < 120 for red, green, blue in pixels)


def test_what_is_not_in_the_corpus_is_not_served(client, pdf_home) -> None:
    assert client.get("/source/0000000000000000/original").status_code == 404
    assert client.get("/source/..%2F..%2Fetc%2Fpasswd/original").status_code == 404
    search = Answerer(pdf_home).search
    document = search.catalogue.documents()[0].id
    assert client.get(f"/source/{document}/page/9.webp").status_code == 404
    search.catalogue.withdraw(document)
    assert client.get(f"/source/{document}/original").status_code == 404
    assert client.get(f"/source/{document}/page/2.webp").status_code == 404


@pytest.mark.parametrize(
    "chart",
    [
        "links.svg?points=1,2&links=1-2-0.5",
        "links.svg?points=" + "9" * 5000 + "&links=" + "9" * 5000 + "-1-1",
        "links.svg?points=&links=x-y-z",
        "years.svg?spans=1986-1986,2019-2021",
        "years.svg?spans=",
        "years.svg?spans=0000-9999,abcd-1,²²²²-2000",
        "map.svg?places=,nulle-part:9&own=x,y",
        "radar.svg?scores=,,nan,7,8,9,10",
    ],
)
def test_a_chart_is_drawn_whatever_its_address(client, chart) -> None:
    from xml.etree import ElementTree

    response = client.get(f"/chart/{chart}")
    assert response.status_code == 200
    ElementTree.fromstring(response.text)


def test_text_of_documents_is_never_html(settings, tmp_path, import_into) -> None:
    (tmp_path / "piege.txt").write_text(
        "<b>Titre</b> du piège\n\nLe réseau de chaleur <img src=x onerror=alert(1)> mesure 1,4 km <script>x</script>.\n"
    )
    import_into(settings, tmp_path / "piege.txt")
    answer = Answerer(settings).answer("Combien mesure le réseau <i>de chaleur</i> ?")
    html = (
        answer_html(answer, 0, "fr", complete=True)
        + sources_html(answer, 0, "fr")
        + typed_html(answer.question, "fr")
    )
    assert "1,4 km" in html
    for tag in ("<img src=x", "<script", "<b>", "<i>"):
        assert tag not in html
    assert "\n\n" not in answer_html(answer, 0, "fr", complete=True)


def test_links_other_than_http_are_shown_as_text() -> None:
    from advisor.web.render import link

    assert "<a" not in link("javascript:alert(1)", "x")
    assert 'rel="noopener' in link("https://exemple.fr", "x")


def test_the_card_names_the_language_of_a_quote_that_is_not_the_questions(imported) -> None:
    answerer = Answerer(imported)
    foreign = answerer.answer("Wer hat die Kirche von Loos mit Photovoltaik gedeckt?")
    assert foreign.language == "de" and foreign.citations
    assert "cité en français" in sources_html(foreign, 0, "fr")
    assert "auf Französisch zitiert" in sources_html(foreign, 0, "de")
    same = answerer.answer("Combien rapportent les panneaux de l'église ?")
    assert "cité en français" not in sources_html(same, 0, "fr")


def test_another_site_writes_nothing_here(client, pdf_home) -> None:
    citation = Answerer(pdf_home).answer("Combien mesure le réseau de chaleur ?").citations[0]
    place = f"/signal/{citation.document_id}/{citation.start}/{citation.end}"
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(place, headers=elsewhere).status_code == 403
    upload = {"files": ("profil.json", b"{}")}
    assert client.post("/gradio_api/upload", files=upload, headers=elsewhere).status_code == 403
    assert client.get("/", headers=elsewhere).status_code == 200
    assert client.post(place, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post(place, headers={"Origin": "http://testserver:8080"}).status_code == 204
    assert client.post(place, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204


def test_the_page_stands_in_each_language_beside_that_of_the_service(client, pdf_home) -> None:
    from advisor.web.server import build_app

    assert "Conseiller des territoires" in client.get("/").text
    for path, title in (("/en/", "Advisor"), ("/de/", "Ratgeber")):
        assert title in client.get(path).text
    assert client.get("/en", follow_redirects=False).headers["location"] == "/en/"
    # Behind a prefix there is one page, that of the service.
    behind = pdf_home.model_copy(update={"root_path": "/conseiller", "lang": "de"})
    with TestClient(build_app(behind)) as other:
        assert "Ratgeber" in other.get("/").text
        assert other.get("/en/").status_code == 404


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_service_ends_when_told_while_a_page_is_open(tmp_path, sign: signal.Signals) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = "from advisor.cli import main; main()"
    service = subprocess.Popen(
        [sys.executable, "-c", program, "serve"],
        env={**os.environ, "ADVISOR_HOME": str(tmp_path / "home"), "ADVISOR_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        open_page = f"http://127.0.0.1:{port}/gradio_api/heartbeat/page"
        client = httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=60)
        with client, client.stream("GET", open_page) as alive:
            lines = alive.iter_lines()  # let go, it would close the page
            assert next(lines)
            service.send_signal(sign)
            _, told = service.communicate(timeout=60)
    finally:
        service.kill()
    assert told == ""
    assert service.returncode in (0, -signal.SIGTERM)
