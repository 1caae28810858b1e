"""The profile, the suggestions, the diagnosis and the projects of a territory."""

import json

from playwright.sync_api import Page, expect

from tests.browser.conftest import assert_sound, in_browser, wait_until_kept
from tests.conftest import ROOT

pytestmark = in_browser


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
