"""A real Chromium on a running site: ``page`` is logged in, ``axe`` judges it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from stateset.accounts.models import User

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "as long as no one knows it"
PATIENCE_MILLISECONDS = 30_000  # the machine has other tests to run
expect.set_options(timeout=PATIENCE_MILLISECONDS)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


def troubles_of(page: Page) -> list[str]:
    """Return a list that fills with the scripts and files of the page that fail."""
    troubles: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A refusal that a page explains is no trouble; its test reads the page.
        if message.type == "error" and "status of 409" not in message.text:
            troubles.append(f"{message.location['url']}: {message.text}")

    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", note)
    return troubles


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a Chromium for one module.

    Playwright keeps an event loop running in this thread while it is open, which
    Django takes for asynchronous code: hence the variable, and hence no longer
    than a module, since tests without a browser share the thread.
    """
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        reason = "there is no chromium on the PATH, and CHROMIUM names none"
        if os.environ.get("BROWSER_REQUIRED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def admin(transactional_db: None) -> User:
    return User.objects.create_superuser(ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """Give a fresh browser window whose addresses are those of the site."""
    context = browser.new_context(base_url=live_server.url)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context
    context.close()


@pytest.fixture
def anonymous_page(context: BrowserContext) -> Iterator[Page]:
    """Give a page of a visitor; scripts and files that fail, fail the test."""
    page = context.new_page()
    troubles = troubles_of(page)
    yield page
    page.close()
    assert troubles == []


@pytest.fixture
def page(
    anonymous_page: Page, context: BrowserContext, admin: User, client: Client
) -> Page:
    """Give a page of an administrator who has logged in."""
    client.force_login(admin)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": session,
                "domain": "localhost",
                "path": "/",
            }
        ]
    )
    return anonymous_page


# What is put off to the next picture has been done by the one after it.
NEXT_PICTURES = """
    () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
"""


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """Give a judge: it returns each broken rule of accessibility, and where."""

    def judge(page: Page) -> list[str]:
        # What the page mends waits for the next picture, so it is judged after that.
        page.evaluate(NEXT_PICTURES)
        # Preloading puts styles into the page, which its policy forbids.
        options = {"resultTypes": ["violations"], "preload": False}
        violations = Axe().run(page, options=options).response["violations"]
        return [
            f"{violation['id']} ({violation['impact']}): {node['target']}"
            for violation in violations
            for node in violation["nodes"]
        ]

    return judge
