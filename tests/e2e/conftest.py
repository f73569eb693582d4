"""The running demo county and a real browser."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests import county_process

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader",
]  # fmt: skip


@pytest.fixture(scope="session")
def county():
    """`./qipan up --demo --no-simulator` at a small scale; every process must end within 10 s.

    QIPAN_E2E=HOME:PORT:DEVICE_PORT tests a county that runs already, which saves a developer the start.
    """
    if running := os.environ.get("QIPAN_E2E"):
        folder, web, device = running.rsplit(":", 2)
        yield county_process.County(Path(folder), int(web), int(device), None)
        return
    home = Path(tempfile.mkdtemp(prefix="qipan-e2e-"))
    running = county_process.start(home, "--demo", "--no-simulator", "--scale", "0.05")
    try:
        running.wait_ready()
        yield running
    finally:
        seconds = running.stop()
        shutil.rmtree(home, ignore_errors=True)
    assert seconds < 10


@pytest.fixture(scope="session")
def browser():
    """Chromium, headless."""
    if CHROMIUM is None:
        if os.environ.get("QIPAN_NO_SKIP"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def visit(county, browser):
    """Open a page as somebody; what goes wrong in the browser fails the test."""
    contexts, faults = [], []

    def as_user(username="", *, width=1440):
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((county.url, "data:", "blob:"))
                else faults.append(f"outside request: {request.url}")
            ),
        )
        if username:
            page.goto(f"{county.url}/sign-in/")
            page.fill("#username", username)
            page.fill("#password", "qipan-demo")
            page.click("form[aria-label] button[type=submit]")
            page.wait_for_url(f"{county.url}/")
        return page

    yield as_user
    for context in contexts:
        context.close()
    assert faults == []
