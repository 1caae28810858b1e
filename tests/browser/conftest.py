"""The page in a real Chromium, at the widths of a desk and of a phone."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from advisor.settings import Settings
from tests.conftest import write_pdf

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
in_browser = [
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
