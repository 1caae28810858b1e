"""The web server: Gradio mounted in FastAPI, a strict content security policy, no outside call."""

from __future__ import annotations

import errno
import math
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

# Read by Gradio and the hub client when they are imported.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("GRADIO_SSR_MODE", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse

from advisor.answer.answerer import Answerer
from advisor.answer.citation import quote_boxes
from advisor.catalogue.originals import original_of
from advisor.errors import AdvisorError, UsageError
from advisor.guidance.diagnosis import load_parcours
from advisor.guidance.fiches import Fiches
from advisor.i18n import translate
from advisor.settings import Settings
from advisor.text.language import LANGUAGES, Language
from advisor.web.charts import Point, links_svg, map_svg, radar_svg, years_svg
from advisor.web.page_image import PageRenderer

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'self'; object-src 'none'"
)
# Marks of a chart: its address comes from anyone.
_MOST_MARKS = 50
_STATIC = Path(__file__).parent / "static"


class IndexRepair:
    """Rebuilds, in the background and one at a time, an index found missing or damaged."""

    def __init__(self, settings: Settings, answerer: Answerer) -> None:
        self._settings = settings
        self._answerer = answerer
        self._running = threading.Lock()

    def check(self) -> None:
        """Start a rebuild if one is needed and none is running."""
        if self._answerer.search.needs_rebuild() and self._running.acquire(blocking=False):
            threading.Thread(target=self._rebuild, daemon=True).start()

    def _rebuild(self) -> None:
        from ingest.pipeline import rebuild

        try:
            rebuild(self._settings)
        except AdvisorError:
            pass  # another process is writing, or the cause remains: the next answer tries again
        finally:
            self._running.release()


def build_app(settings: Settings) -> FastAPI:
    """Return the application: the page, the originals and the page images."""
    import gradio as gr

    from advisor.web.page import build_page

    answerer = Answerer(settings)
    fiches = Fiches(answerer)
    renderer = PageRenderer()
    repair = IndexRepair(settings, answerer)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        repair.check()
        yield
        renderer.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    @app.middleware("http")
    async def protect(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        # Another site may not write here in the name of who reads it; Gradio describes its routes.
        if _is_foreign(request) and request.method not in ("GET", "HEAD"):
            response: Response = PlainTextResponse(
                translate("web.other_site", settings.lang), status_code=403
            )
        elif request.url.path.endswith("/openapi.json"):
            response = PlainTextResponse("", status_code=404)
        else:
            response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @app.exception_handler(AdvisorError)
    async def sentence(_request: Request, error: AdvisorError) -> Response:
        return PlainTextResponse(error.message(settings.lang), status_code=404)

    @app.get("/source/{document_id}/original")
    def original(document_id: str) -> FileResponse:
        summary = answerer.search.catalogue.summary(document_id)
        if summary.state != "current":
            raise UsageError("unknown_document", id=document_id)
        path = _original(settings, summary.id)
        name = Path(summary.paths[0]).name if summary.paths else path.name
        return FileResponse(path, media_type="application/octet-stream", filename=name)

    @app.get("/source/{document_id}/page/{number}.webp")
    def page_image(document_id: str, number: int, start: int = 0, end: int = 0) -> Response:
        document = answerer.search.catalogue.document(document_id)
        boxes = [box for box in quote_boxes(document, start, end) if box.page == number]
        path = _original(settings, document.id)
        if document.format != "pdf":
            raise UsageError("page_unavailable")
        image = renderer.draw(path, number, boxes)
        return Response(image, media_type="image/webp", headers={"Cache-Control": "max-age=3600"})

    @app.get("/chart/radar.svg")
    def radar(scores: str = "") -> Response:
        titles = [one.title.in_language(settings.lang) for one in load_parcours().fundamentals]
        values = [_share(value) for value in scores.split(",")[: len(titles)]]
        values += [None] * (len(titles) - len(values))
        title = translate("territory.radar_alt", settings.lang)
        return _svg(radar_svg(list(zip(titles, values, strict=True)), title))

    @app.get("/chart/map.svg")
    def territory_map(places: str = "", own: str = "") -> Response:
        known = {record.slug: record for record in fiches.of_kind("territoire")}
        points = []
        for place in places.split(",")[:_MOST_MARKS]:
            slug, _, share = place.partition(":")
            territory = known[slug].territory if slug in known else None
            if territory and territory.latitude is not None and territory.longitude is not None:
                points.append(
                    Point(
                        known[slug].title,
                        territory.latitude,
                        territory.longitude,
                        _share(share) or 0.0,
                    )
                )
        latitude, longitude = (_number(part) for part in [*own.split(","), "", ""][:2])
        if latitude is not None and longitude is not None:
            label = translate("territory.here", settings.lang)
            points.append(Point(label, latitude, longitude, 0.5, own=True))
        return _svg(map_svg(points, translate("territory.map_alt", settings.lang)))

    @app.get("/chart/links.svg")
    def links(points: str = "", links: str = "") -> Response:
        numbers = [int(one) for one in points.split(",")[:_MOST_MARKS] if _is_count(one)]
        drawn = []
        for link in links.split(",")[: 10 * _MOST_MARKS]:
            one, _, rest = link.partition("-")
            other, _, strength = rest.partition("-")
            if _is_count(one) and _is_count(other):
                drawn.append((int(one), int(other), _share(strength) or 0.0))
        title = translate("convergences.graph_alt", settings.lang)
        return _svg(links_svg(numbers, drawn, title))

    @app.get("/chart/years.svg")
    def years(spans: str = "") -> Response:
        drawn = []
        for span in spans.split(",")[: 10 * _MOST_MARKS]:
            start, _, end = span.partition("-")
            if len(start) == len(end) == 4 and (start + end).isdecimal():
                drawn.append((int(start), max(int(start), int(end))))
        return _svg(years_svg(drawn, translate("trajectory.line_alt", settings.lang)))

    @app.post("/signal/{document_id}/{start}/{end}", status_code=204)
    def signal(document_id: str, start: int, end: int) -> None:
        document = answerer.search.catalogue.document(document_id)
        if not 0 <= start < end <= len(document.text):
            raise UsageError("unknown_document", id=document_id)
        answerer.journal.opinion(
            "citation", document.title, document_id=document_id, quote=document.text[start:end]
        )

    script = (_STATIC / "advisor.js").read_text(encoding="utf-8")
    # The page of the service's own language stands at its address, the others beside it; "/" would
    # take their place if it were mounted first. Behind a prefix, Gradio finds no path but "/".
    paths: dict[Language, str] = {
        lang: "/" if lang == settings.lang else f"/{lang}"
        for lang in LANGUAGES
        if lang == settings.lang or not settings.root_path
    }
    addresses = {lang: f"{path.rstrip('/')}/" for lang, path in paths.items()}
    for lang, path in sorted(paths.items(), key=lambda one: one[1] == "/"):
        if path != "/":  # «/en» as «/en/»
            app.add_route(path, partial(_moved, addresses[lang]))
        page = build_page(fiches, lang, settings.root_path, repair.check, addresses)
        page.queue(max_size=64, default_concurrency_limit=4)
        app = gr.mount_gradio_app(
            app,
            page,
            path=path,
            root_path=settings.root_path or None,
            footer_links=[],
            run_history=False,
            show_error=False,
            max_file_size="1mb",
            allowed_paths=[],
            enable_monitoring=False,
            mcp_server=False,
            theme=gr.themes.Base(
                primary_hue="green", font=["system-ui", "sans-serif"], font_mono=["monospace"]
            ),
            css_paths=[_STATIC / "advisor.css"],
            head=f"<script>{script}</script>",
        )
    return app


def _is_foreign(request: Request) -> bool:
    """Tell whether a browser sends a request for another site: it says so, or whence it comes.

    Over plain HTTP browsers say the second alone; a proxy may change the port.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).hostname != request.url.hostname


def _moved(address: str, _request: Request) -> Response:
    return RedirectResponse(address)


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= 4


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 85 else None


def _share(text: str) -> float | None:
    value = _number(text)
    return None if value is None else max(0.0, min(1.0, value))


def _svg(chart: str) -> Response:
    return Response(chart, media_type="image/svg+xml")


def _original(settings: Settings, document_id: str) -> Path:
    path = original_of(settings.originals_path, document_id)
    if path is None:
        raise UsageError("original_missing")
    return path


def serve(settings: Settings) -> None:
    """Serve the page until interrupted; print its address.

    Raises:
        UsageError: the port is taken, the address is not of this machine.
    """
    import uvicorn
    from gradio.routes import App as GradioApp
    from starlette.routing import Mount

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            elsewhere = error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror)
            code = "not_our_address" if elsewhere else "port_taken"
            raise UsageError(code, host=settings.host, port=str(settings.port)) from None
    app = build_app(settings)
    address = f"http://{settings.host}:{settings.port}{settings.root_path}"
    print(translate("cli.serving", settings.lang, url=address), flush=True)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        forwarded_allow_ips="127.0.0.1",
    )

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # An open page holds its connection; an answer begun is finished first.
            for route in app.routes:
                if isinstance(route, Mount) and isinstance(route.app, GradioApp):
                    route.app.stop_event.set()
            await super().shutdown(sockets)

    with suppress(KeyboardInterrupt):  # how one ends it
        Server(config).run()
