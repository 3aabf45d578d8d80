"""A server to be told by, and a folder to remember in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from stateset.telling_settings import Telling
from tests.services.inbox import Inbox, inbox_server

KEY = "k" * 32
ADMIN = "ann@shop.example"


@pytest.fixture(scope="session")
def inbox_of_all() -> Iterator[Inbox]:
    with inbox_server() as server:
        yield server


@pytest.fixture
def inbox(inbox_of_all: Inbox, tmp_path: Path, settings: Settings) -> Iterator[Inbox]:
    """Have a mail server and a web server there; nobody is told yet."""
    settings.VAR_DIR = tmp_path / "var"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", inbox_of_all.mail_port
    settings.SERVER_EMAIL = "shop@shop.example"
    yield inbox_of_all
    inbox_of_all.clear()


@pytest.fixture
def by_mail(inbox: Inbox, settings: Settings) -> Inbox:
    """Have one person told by mail."""
    settings.ADMINS = [("", ADMIN)]
    return inbox


@pytest.fixture
def by_webhook(inbox: Inbox, settings: Settings) -> Inbox:
    """Have a program told, with a signature."""
    url = f"{inbox.web_url}/hook/s3cr3t-path?x=1"
    settings.TELLING = Telling(hook=url, key=KEY)
    return inbox


@pytest.fixture
def subjects(by_mail: Inbox) -> Callable[[], list[str]]:
    """Return the subjects of the mails so far, without what all begin with."""
    begin = "[StateSet test] "
    return lambda: [mail["subject"].removeprefix(begin) for mail in by_mail.mails]
