"""The page in a real Chromium: a question, its citation, the keyboard, no outside request."""

import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from advisor.answer.answerer import Answerer
from advisor.catalogue.journal import Journal
from advisor.catalogue.store import Catalogue
from advisor.settings import Settings
from advisor.web.server import IndexRepair
from tests.conftest import ROOT, write_pdf

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium on this machine"
    ),
]
expect.set_options(timeout=30_000)  # a machine may be busy
QUESTION = "Combien mesure le réseau de chaleur de la commune ?"


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Serve the page on a free port; yield its address."""
    import uvicorn

    from advisor.web.server import build_app

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(build_app(settings), host="127.0.0.1", port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, size: tuple[int, int], locale: str) -> Iterator[Page]:
    """Open an address as a new visitor; the page notes its requests and errors."""
    width, height = size
    with browser.new_context(viewport={"width": width, "height": height}, locale=locale) as visitor:
        page = visitor.new_page()
        page.requested = []  # type: ignore[attr-defined]
        page.errors = []  # type: ignore[attr-defined]
        page.on("request", lambda sent: page.requested.append(sent.url))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
        page.on(
            "console",
            lambda message: page.errors.append(message.text) if message.type == "error" else None,  # type: ignore[attr-defined]
        )
        page.goto(address)
        page.wait_for_selector("#question textarea")
        yield page


def wait_until_kept(page: Page, key: str) -> None:
    """Wait until what the browser keeps, which cannot be read, has come to rest."""
    page.evaluate("window.since = Date.now()")
    page.wait_for_function(
        """key => {
            const kept = localStorage.getItem(key);
            if (window.kept !== kept) [window.kept, window.since] = [kept, Date.now()];
            return Date.now() - window.since > 3000;
        }""",
        arg=key,
    )


def assert_sound(page: Page, address: str) -> None:
    """Nothing wider than the screen, nothing from outside, no error."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert all(url.startswith((address, "data:", "blob:")) for url in page.requested)  # type: ignore[attr-defined]
    assert page.errors == []  # type: ignore[attr-defined]


@pytest.fixture
def address(settings, tmp_path, folder, import_into) -> Iterator[str]:
    pages = [
        ["Une premiere page sans rapport avec la question posee."],
        ["Le reseau de chaleur de la commune de Montdidier mesure 2,7 km."],
    ]
    import_into(settings, folder, write_pdf(tmp_path / "reseau.pdf", pages))
    with served(settings) as address:
        yield address


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desktop", "phone"])
def page(request, browser, address) -> Iterator[Page]:
    with opened(browser, address, request.param, "fr-FR") as page:
        yield page


def test_a_visitor_changes_the_language_of_the_page(page: Page, address: str) -> None:
    page.click(".languages a[lang=en]")
    page.wait_for_url(f"{address}/en/")
    page.fill("#question textarea", "How long is the heating network of Montdidier?")
    page.click("#send")
    expect(page.locator("#conversation .answer")).to_contain_text("2,7 km")
    expect(page.locator("#sources details.source").first).to_contain_text("verified word for word")
    page.click(".languages a[lang=fr]")
    page.wait_for_url(f"{address}/")


def test_a_question_gives_a_cited_answer_whose_source_opens_highlighted(
    page: Page, address: str
) -> None:
    page.fill("#question textarea", QUESTION)
    page.click("#send")
    expect(page.locator("#conversation .answer")).to_contain_text("2,7 km")
    card = page.locator("#sources details.source", has_text="2,7 km").first
    expect(card).to_contain_text("vérifié mot à mot")
    number = card.locator(".number").inner_text()
    page.locator(f'a.reference[href$="-{number}"]').first.click()
    expect(card).to_have_attribute("open", "")
    expect(card.locator("mark")).to_contain_text("2,7 km")
    image = card.locator("img.page").last  # the quote runs over two pages
    image.scroll_into_view_if_needed()
    page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert_sound(page, address)


def test_the_page_works_with_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    assert "question" in (page.evaluate("document.activeElement.getAttribute('href')") or "")
    page.locator("#question textarea").focus()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#conversation .answer .actions")).to_be_visible()
    reference = page.locator("a.reference").last
    reference.focus()
    page.keyboard.press("Enter")
    focused = page.evaluate("document.activeElement.closest('details.source')?.open")
    assert focused is True


def test_a_second_answer_is_read_from_its_question_without_a_box_to_scroll_on_a_phone(
    browser: Browser, address: str
) -> None:
    with opened(browser, address, (390, 844), "fr-FR") as page:
        for count in (1, 2):
            page.fill("#question textarea", QUESTION)
            page.click("#send")
            answers = page.locator("#conversation .answer .actions")
            expect(answers).to_have_count(count)
        place = page.locator("#conversation .message.user").last.bounding_box()
        assert place is not None and 0 <= place["y"] < 300
        assert page.evaluate(
            """[...document.querySelectorAll("#conversation *")]
            .every((one) => !/auto|scroll/.test(getComputedStyle(one).overflowY)
                || one.scrollHeight <= one.clientHeight + 1)"""
        )


def test_an_example_asks_its_question_and_a_new_conversation_clears(page: Page) -> None:
    page.locator("#conversation button.example, #conversation .example").first.click()
    expect(page.locator("#conversation .answer").first).to_be_visible()
    page.click("#new")
    expect(page.locator("#conversation .answer")).to_have_count(0)
    expect(page.locator("#sources details.source")).to_have_count(0)
    page.click("#send")  # an empty question
    expect(page.locator(".toast-body").first).to_contain_text("Posez une")
    expect(page.locator("#conversation .user.message")).to_have_count(0)


def test_more_is_offered_of_the_last_answer_and_a_draft_is_kept(page: Page) -> None:
    box = page.locator("#question textarea")
    for count in (1, 2):
        box.fill(QUESTION)
        page.click("#send")
        expect(page.locator("#conversation .answer .actions")).to_have_count(count)
    expect(page.locator("#conversation a.more:visible")).to_have_count(1)
    box.fill("Une autre question")
    page.locator("#conversation a.more:visible").click()
    expect(page.locator("#conversation .answer .actions")).to_have_count(3)
    expect(page.locator("#conversation .user.message").last).to_contain_text("détails")
    expect(box).to_have_value("Une autre question")


@pytest.fixture
def answers_end(monkeypatch) -> Iterator[threading.Event]:
    """Once this is cleared, answers are shown whole but do not end before it is set."""
    ending = threading.Event()
    ending.set()
    monkeypatch.setattr(IndexRepair, "check", lambda _repair: ending.wait(60))
    yield ending
    ending.set()


def test_a_question_typed_while_an_answer_arrives_waits_and_is_asked_next(
    answers_end: threading.Event, page: Page
) -> None:
    box = page.locator("#question textarea")
    answers = page.locator("#conversation .answer .actions")
    answers_end.clear()
    box.fill(QUESTION)
    page.click("#send")
    expect(answers).to_have_count(1)
    box.fill("Quelle est la longueur du réseau ?")
    expect(page.locator("#send")).to_be_disabled()
    box.press("Enter")
    page.locator("#conversation a.more:visible").click()
    answers_end.set()
    expect(page.locator("#send")).to_be_enabled()
    expect(page.locator("#conversation .user.message")).to_have_count(1)
    expect(box).to_have_value("Quelle est la longueur du réseau ?")
    box.press("Enter")
    expect(answers).to_have_count(2)
    expect(page.locator("#conversation .user.message").last).to_contain_text("longueur")
    expect(box).to_have_value("")


def test_a_stopped_answer_lets_the_next_question_be_asked(
    answers_end: threading.Event, page: Page
) -> None:
    answers_end.clear()
    page.fill("#question textarea", QUESTION)
    page.click("#send")
    expect(page.locator("#conversation .answer .actions")).to_have_count(1)
    expect(page.locator("#send")).to_be_disabled()
    page.click("#stop")
    expect(page.locator("#send")).to_be_enabled()
    answers_end.set()


def test_an_answer_that_fails_gives_its_question_back(page: Page, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Answerer, "stream", fail)
    page.fill("#question textarea", QUESTION)
    page.click("#send")
    expect(page.locator("#conversation")).to_contain_text("réessayez")
    expect(page.locator("#question textarea")).to_have_value(QUESTION)
    monkeypatch.undo()
    page.click("#send")
    expect(page.locator("#conversation .answer .actions")).to_have_count(1)


def test_an_opinion_is_of_the_answer_it_is_given_to(page: Page, settings) -> None:
    for question in (QUESTION, "Qui est le maire de Nulle-Part ?"):
        page.fill("#question textarea", question)
        page.click("#send")
        expect(page.locator("#conversation .user.message").last).to_contain_text(question[:12])
        expect(page.locator("#conversation .answer .actions").last).to_be_visible()
    page.get_by_role("button", name=re.compile("dislike|n'aime", re.IGNORECASE)).first.click()
    expect(page.locator("#reason")).to_be_visible()
    told = Journal(Catalogue(settings.catalogue_path)).entries()
    assert [one.question for one in told if one.kind == "useless"] == [QUESTION]
    page.click("#new")
    expect(page.locator("#reason")).to_be_hidden()


def test_a_second_territory_takes_the_place_of_the_first_and_is_kept(
    page: Page, settings, import_into
) -> None:
    for name in ("malaunay", "bottrop"):
        import_into(settings, ROOT / "corpus" / "territoires" / f"{name}.md")
    page.get_by_role("tab", name="Mon territoire").click()
    name = page.get_by_label("Nom du territoire")
    for given, region in (("Malaunay", "Normandie"), ("Bottrop", "Nordrhein-Westfalen")):
        name.fill(given)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Région")).to_have_value(region)
    # Malaunay has both.
    expect(page.get_by_label("Population")).to_have_value("")
    expect(page.get_by_label("Département")).to_have_value("")
    name.fill("Nulle-Part")
    page.keyboard.press("Enter")
    expect(page.locator("#territory-unknown .notice")).to_be_in_viewport()
    page.get_by_label("Projets en cours").fill("Toit solaire")
    page.keyboard.press("Tab")
    wait_until_kept(page, "profil")  # each field is kept as it is left
    page.reload()
    page.get_by_role("tab", name="Mon territoire").click()
    expect(page.get_by_label("Projets en cours")).to_have_value("Toit solaire")
    expect(name).to_have_value("Nulle-Part")


def test_a_territory_is_guided_and_diagnosed_without_outside_request(
    page: Page, address: str
) -> None:
    page.get_by_role("tab", name="Mon territoire").click()
    page.get_by_label("Population").fill("beaucoup")
    page.click("#guide")
    expect(page.locator("#territory-problem")).to_contain_text("beaucoup")
    page.get_by_label("Population").fill("12 000 hab.")
    page.get_by_label("Votre besoin").fill("chauffer l'école")
    page.click("#guide")
    expect(page.locator("#territory-results")).to_contain_text("Aucun dispositif")
    page.get_by_role("radio", name="parfois").first.check()
    page.click("#diagnose")
    expect(page.locator("#diagnosis img.chart")).to_be_visible()
    expect(page.locator("#diagnosis table").first).to_contain_text("33 %")
    assert_sound(page, address)


def test_answers_to_the_diagnosis_are_kept_in_the_browser_and_saved(page: Page) -> None:
    page.get_by_role("tab", name="Mon territoire").click()
    comment = page.get_by_placeholder("Commentaire (facultatif)").first
    comment.fill("Réunions de quartier")
    page.get_by_role("radio", name="parfois").first.check()
    wait_until_kept(page, "diagnostic")
    page.reload()
    page.get_by_role("tab", name="Mon territoire").click()
    expect(comment).to_have_value("Réunions de quartier")
    expect(page.get_by_role("radio", name="parfois").first).to_be_checked()
    page.click("#save-answers")
    with page.expect_download() as saved:
        page.locator("#diagnosis-problem a.save").click()
    assert saved.value.suggested_filename == "reponses.json"
    answers = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert answers == {"engagement-1": {"level": 1, "comment": "Réunions de quartier"}}
    page.click("#clear-answers")
    expect(comment).to_have_value("")


def test_where_to_begin_opens_the_self_diagnosis_and_peers_follow_the_weights(
    page: Page, settings, import_into
) -> None:
    for name in ("malaunay", "le-mene"):
        import_into(settings, ROOT / "corpus" / "territoires" / f"{name}.md")
    page.fill("#question textarea", "Par où commencer la transition de la commune ?")
    page.keyboard.press("Enter")
    page.locator("a.to-diagnosis").click()
    expect(page.locator("#self-diagnosis")).to_be_focused()
    page.get_by_label("Population").fill("6 200")
    page.get_by_role("checkbox", name="rural").check()
    page.click("#guide")
    first = page.locator("table.peers tbody tr").first
    expect(first).to_contain_text("Mené")
    page.get_by_role("button", name="Poids de chaque critère").click()
    weight = page.get_by_label("number input for contexte")
    for _ in range(5):  # what is typed while the page still settles is lost
        weight.fill("0")
        page.keyboard.press("Tab")
        page.wait_for_timeout(300)
        if page.get_by_label("range slider for contexte").input_value() == "0":
            break
    page.click("#guide")
    expect(first).to_contain_text("Malaunay")
    first.locator("a").click()  # where the population comes from
    expect(page.locator("#source-peer-malaunay")).to_contain_text("We Demain")
    assert page.errors == []  # type: ignore[attr-defined]


def test_a_short_question_about_the_territory_can_be_answered_or_skipped(
    page: Page, settings, import_into
) -> None:
    import_into(settings, ROOT / "corpus" / "dispositifs" / "fonds-chaleur.md")
    page.fill("#question textarea", "Quelle aide pour une chaufferie au bois ?")
    page.keyboard.press("Enter")
    decision = page.locator("#sources .beside .decision")
    expect(decision).to_have_text("à vérifier")
    words = page.get_by_label("quel est votre territoire")
    expect(words).to_be_visible()
    page.click("#profile-skip")
    kind = page.get_by_label("De quel type de territoire")
    expect(kind).to_be_visible()
    kind.click()
    page.get_by_role("option", name="commune", exact=True).click()
    page.click("#profile-give")
    expect(decision).to_have_text("éligible")
    expect(page.locator("#profile-question")).to_be_hidden()
    page.get_by_role("tab", name="Mon territoire").click()
    expect(page.get_by_label("Type")).to_have_value("commune")
    assert page.errors == []  # type: ignore[attr-defined]


def test_projects_from_a_table_converge_and_dates_unroll_with_the_keyboard(
    page: Page, address: str, tmp_path
) -> None:
    (tmp_path / "projets.csv").write_text(
        "Projet;Porteur\nToit solaire;Commune\nRénovation de logements;Bailleur\n",
        encoding="cp1252",
    )
    page.get_by_role("tab", name="Mon territoire").click()
    page.locator("input[type=file]").nth(1).set_input_files(tmp_path / "projets.csv")
    graph = page.locator("#convergences img.chart")
    expect(graph).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 0", arg=graph.element_handle())
    expect(page.get_by_label("Projets en cours")).to_have_value(
        "Toit solaire — … — Commune\nRénovation de logements — … — Bailleur"
    )
    page.locator("#convergences details > summary").first.focus()
    page.keyboard.press("Enter")  # the first is open: it closes
    expect(page.locator("#convergences details").first).not_to_have_attribute("open", "")
    page.locator("#trajectory-subject textarea, #trajectory-subject input").focus()
    page.keyboard.type("Nulle-Part")
    page.keyboard.press("Enter")
    expect(page.locator("#trajectory")).to_contain_text("Nulle-Part")
    page.locator("#trajectory-subject textarea, #trajectory-subject input").fill("Tramayes")
    page.keyboard.press("Enter")
    expect(page.locator("#trajectory ol.timeline > li").first).to_be_visible()
    page.locator("#trajectory ol.timeline summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#trajectory details.source .number").first).to_be_visible()
    assert_sound(page, address)


@pytest.mark.parametrize(
    ("lang", "projects", "question", "theme"),
    [
        ("en", "Solar roof\nInsulating homes", "How long is the heating network?", "energy"),
        ("de", "Solardach\nSanierung der Siedlung", "Wie lang ist das Wärmenetz?", "Energie"),
    ],
)
def test_the_page_speaks_english_and_german_on_a_phone(
    browser, settings, folder, import_into, lang, projects, question, theme
) -> None:
    import_into(settings, folder)
    with (
        served(settings.model_copy(update={"lang": lang})) as address,
        opened(browser, address, (390, 844), lang) as page,
    ):
        page.fill("#question textarea", question)
        page.keyboard.press("Enter")
        expect(page.locator("#conversation .answer").first).to_be_visible()
        page.get_by_role("tab").nth(1).click()
        labels = {"en": "Projects under way", "de": "Laufende Projekte"}
        page.get_by_label(labels[lang]).fill(projects)
        page.click("#converge")
        expect(page.locator("#convergences")).to_contain_text(theme)
        page.get_by_role("tab").nth(0).click()
        french = ("Votre question", "Nouvelle conversation", "Mon territoire", "Sources d")
        assert not any(word in page.inner_text("body") for word in french)
        assert_sound(page, address)


def test_a_profile_is_saved_by_the_browser_and_read_back(page: Page, tmp_path) -> None:
    page.get_by_role("tab", name="Mon territoire").click()
    page.get_by_label("Nom du territoire").fill("Ma commune")
    page.get_by_label("Population").fill("1 200")
    page.get_by_role("button", name="Enregistrer le profil").click()
    with page.expect_download() as downloading:
        page.locator("a.save").click()
    path = tmp_path / "profil.json"
    downloading.value.save_as(path)
    assert json.loads(path.read_text(encoding="utf-8"))["population"] == 1200
    page.reload()
    page.get_by_role("tab", name="Mon territoire").click()
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_label("Nom du territoire")).to_have_value("Ma commune")
