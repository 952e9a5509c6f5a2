"""Debian's Chromium, without a window and without a network."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATH = shutil.which("chromium")
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"

_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@contextlib.contextmanager
def open_browser() -> Iterator[Any]:
    """Yield the browser, which ends with the ``with`` block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
