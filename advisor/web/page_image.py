"""Images of document pages with a quote highlighted, drawn in a process of their own."""

from __future__ import annotations

import io
import multiprocessing
import resource
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from threading import Lock
from typing import Any

from pebble import ProcessExpired, ProcessPool

from advisor.answer.models import Box
from advisor.errors import UsageError

_WIDTH = 1100
_MAX_PIXELS = 6_000_000
_TIMEOUT = 20
_MEMORY = 2 * 1024**3
_YELLOW = (255, 214, 0)
_PADDING = 0.002


def draw_page(path: Path, number: int, boxes: list[Box]) -> bytes:
    """Return a WebP image of a page (from 1), the boxes marked as with a highlighter.

    Raises:
        UsageError: the page cannot be drawn.
    """
    import pypdfium2 as pdfium
    from PIL import Image, ImageChops, ImageDraw

    try:
        document = pdfium.PdfDocument(path)
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(_WIDTH / width, (_MAX_PIXELS / (width * height)) ** 0.5)
        image = page.render(scale=scale).to_pil().convert("RGB")
        document.close()
    except (pdfium.PdfiumError, IndexError, ValueError, ZeroDivisionError):
        raise UsageError("page_unavailable") from None
    overlay = Image.new("RGB", image.size, "white")
    pencil = ImageDraw.Draw(overlay)
    for box in boxes:
        pencil.rectangle(
            (
                (box.x0 - _PADDING) * image.width,
                (box.y0 - _PADDING) * image.height,
                (box.x1 + _PADDING) * image.width,
                (box.y1 + _PADDING) * image.height,
            ),
            fill=_YELLOW,
        )
    buffer = io.BytesIO()
    # Multiplying keeps the black of the text under the colour.
    ImageChops.multiply(image, overlay).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


class PageRenderer:
    """Draws pages in one worker process, replaced when a page hangs or crashes it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool: Any = None

    def draw(self, path: Path, number: int, boxes: list[Box]) -> bytes:
        """Return the image; see ``draw_page``.

        Raises:
            UsageError: the page cannot be drawn in time.
        """
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=1,
                    max_tasks=200,
                    initializer=_limit,
                    context=multiprocessing.get_context("forkserver"),
                )
            future = self._pool.schedule(draw_page, args=[path, number, boxes], timeout=_TIMEOUT)
        try:
            image: bytes = future.result()
            return image
        except (FutureTimeout, ProcessExpired, MemoryError):
            raise UsageError("page_unavailable") from None

    def close(self) -> None:
        """Stop the worker."""
        with self._lock:
            if self._pool is not None:
                self._pool.stop()
                self._pool.join()
                self._pool = None
