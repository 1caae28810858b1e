"""A question, its citation, the keyboard, no outside request."""

import re
import threading
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from advisor.answer.answerer import Answerer
from advisor.catalogue.journal import Journal
from advisor.catalogue.store import Catalogue
from advisor.web.server import IndexRepair
from tests.browser.conftest import QUESTION, assert_sound, in_browser, opened, served

pytestmark = in_browser


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


def test_the_next_question_waits_also_where_an_answer_arrives_all_at_once(
    answers_end: threading.Event, page: Page, address: str
) -> None:
    streams: list[Route] = []

    def acknowledge_late(request: Route) -> None:
        if QUESTION not in request.request.post_data_json["data"]:
            return request.continue_()
        taken = request.fetch()
        streams.pop().continue_()
        time.sleep(1)
        request.fulfill(response=taken)
        return page.unroute("**/queue/join*")

    page.goto("about:blank")
    # The page's own first requests hold the stream open.
    page.route("**/queue/data*", lambda stream: streams.append(stream), times=1)
    page.route("**/queue/join*", acknowledge_late)
    with page.expect_request("**/queue/data*"):
        page.goto(address)
    answers_end.clear()
    page.fill("#question textarea", QUESTION)
    page.click("#send")
    expect(page.locator("#conversation .answer .actions")).to_have_count(1)
    expect(page.locator("#send")).to_be_disabled()
    answers_end.set()
    expect(page.locator("#send")).to_be_enabled()


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
