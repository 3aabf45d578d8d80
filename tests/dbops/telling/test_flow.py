"""What is told, when, and that nothing fails by it; over real mail and HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from dbops.errors import TellingFailedError
from dbops.monitoring.results import CheckResult
from dbops.monitoring.telling import check_telling
from dbops.telling import calling, sending
from dbops.telling.flow import tell, tell_state
from dbops.telling.memory import memory_file
from dbops.telling.sending import signature
from dbops.telling.troubles import Trouble
from stateset.telling_settings import read_mail
from tests.dbops.telling.conftest import ADMIN, KEY
from tests.services.inbox import HANGS, Inbox
from tests.threads import at_once

AT = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
FULL = Trouble(
    "schedule:backup-daily",
    "backup-daily",
    "backup-daily failed",
    "The dump was not written.",
    "the disk is full",
    "make room",
)
HOUR = timedelta(hours=1)

Subjects = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PAUSE_SECONDS", 0.01)


def telling_now() -> CheckResult:
    (found,) = check_telling()
    return found


def test_a_failure_is_told_once_then_each_day_and_when_it_is_over(
    by_mail: Inbox, subjects: Subjects
) -> None:
    for hours in (0, 4, 23):
        tell(bad=[FULL], now=AT + hours * HOUR)
    (mail,) = by_mail.mails
    assert (mail["to"], mail["from"]) == ([ADMIN], "shop@shop.example")
    assert mail["body"].startswith(
        "backup-daily failed\n"
        "  The dump was not written.\n"
        "  why: the disk is full\n"
        "  fix: make room\n"
        "  since 2026-11-28 02:00:00 UTC\n"
    )
    tell(bad=[FULL], now=AT + 24 * HOUR)
    tell(now=AT + 60 * HOUR)
    tell(well=[FULL.key, "check:never_bad"], now=AT + 61 * HOUR)
    tell(well=[FULL.key], now=AT + 62 * HOUR)
    assert subjects() == [
        "backup-daily failed",
        "backup-daily failed, still",
        "backup-daily is well again",
    ]
    tell(bad=[FULL], now=AT + 63 * HOUR)
    assert subjects()[3:] == ["backup-daily failed"]


def test_mail_goes_over_tls_and_with_a_login(
    by_mail: Inbox,
    subjects: Subjects,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = by_mail.demand("shop", "pa 55%")
    url = f"smtp+tls://shop:pa%2055%25@127.0.0.1:{by_mail.mail_port}"
    monkeypatch.setenv("APP__EMAIL_URL", url)
    mail = read_mail()
    settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS = mail.user, mail.starts_tls
    for hour, (password, trusted, why) in enumerate(
        (
            (mail.password, "/dev/null", "certificate verify failed"),
            ("wrong", str(certificate), "who are you?"),
            (mail.password, str(certificate), ""),
        )
    ):
        # As an operator's machine has the certificates that it trusts.
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        settings.EMAIL_HOST_PASSWORD = password
        tell(bad=[FULL], now=AT + hour * HOUR)
        assert why in telling_now().message
        assert bool(subjects()) is not bool(why)
    settings.EMAIL_USE_TLS = False
    tell(well=[FULL.key], now=AT + 5 * HOUR)
    assert len(subjects()) == 1


def test_what_happened_is_told_once_and_never_called_over(subjects: Subjects) -> None:
    lost = Trouble("restore:1", "the restore", "the restore failed", happened=True)
    for days in range(4):
        tell(bad=[lost] if days < 2 else [], now=AT + timedelta(days=days))
    assert subjects() == ["the restore failed"]
    assert "restore:1" not in memory_file().read_text("utf-8")


def test_what_is_said_at_length_is_cut(by_mail: Inbox) -> None:
    tell(bad=[replace(FULL, why="x" * 3_000_000)], now=AT)
    tell(bad=[FULL], now=AT)
    (mail,) = by_mail.mails
    assert f"  why: {'x' * 2000} […]\n" in mail["body"]


def test_two_that_find_it_at_once_tell_it_once(subjects: Subjects) -> None:
    at_once(*(lambda: tell(bad=[FULL], now=AT) for _ in range(4)))
    assert subjects() == ["backup-daily failed"]


def test_several_news_are_one_message_and_no_secret_is_in_it(
    by_mail: Inbox, by_webhook: Inbox, settings: Settings
) -> None:
    settings.BACKUP_SIGNING_KEYS = {"k1": 'quoted"secret"of-the-manifests'}
    leaky = Trouble(
        "check:leaky",
        "leaky",
        "leaky is critical",
        'postgres://shop:pa55@db/shop and quoted"secret"of-the-manifests',
        why=f"{settings.SECRET_KEY} at {settings.TELLING.hook}",
    )
    tell(bad=[FULL, leaky], now=AT)
    (mail,) = by_mail.mails
    assert mail["subject"].endswith("backup-daily failed and 1 more")
    (request,) = by_webhook.requests
    for text in (mail["body"], request["body"]):
        assert "postgres://shop:***@db/shop and ***" in text
        assert "*** at ***" in text
        for secret in (settings.SECRET_KEY, "pa55", "of-the-manifests", "s3cr3t"):
            assert secret not in text


def test_the_webhook_is_signed_json(by_webhook: Inbox) -> None:
    tell(bad=[FULL], now=AT)
    (request,) = by_webhook.requests
    assert (request["method"], request["path"]) == ("POST", "/hook/s3cr3t-path?x=1")
    values = json.loads(request["body"])
    assert values["text"].startswith("[StateSet test] backup-daily failed\n")
    assert values["news"] == [
        {
            "key": "schedule:backup-daily",
            "kind": "began",
            "title": "backup-daily failed",
            "what": "The dump was not written.",
            "why": "the disk is full",
            "fix": "make room",
            "since": "2026-11-28T02:00:00+00:00",
        }
    ]
    signed = request["headers"]["X-Stateset-Signature"]
    at = int(signed.removeprefix("t=").partition(",")[0])
    assert signed == signature(KEY, request["body"].encode(), at)
    assert signed != signature(KEY, request["body"].encode() + b" ", at)


@pytest.mark.parametrize(
    ("statuses", "requests", "why"),
    [
        ((503, 429, 204), 3, ""),
        ((500,), 3, "127.0.0.1 answered 500 (3 attempts)"),
        ((404,), 1, "127.0.0.1 answered 404"),
        ((302, 200), 1, "127.0.0.1 answered 302"),
    ],
)
def test_a_webhook_is_tried_again_where_that_helps_and_never_followed(
    by_webhook: Inbox, statuses: tuple[int, ...], requests: int, why: str
) -> None:
    by_webhook.answer(*statuses, location=f"{by_webhook.web_url}/elsewhere")
    tell(bad=[FULL], now=AT)
    assert len(by_webhook.requests) == requests
    assert {each["path"] for each in by_webhook.requests} == {"/hook/s3cr3t-path?x=1"}
    told = telling_now()
    assert told.message == (
        f"the last message did not go by webhook: {why}" if why else "by webhook"
    )


def test_a_server_that_hangs_is_given_up(
    by_webhook: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LIMIT_SECONDS", 0.2)
    # What is given up goes on by itself, and must not meet the next test.
    monkeypatch.setattr(calling, "ATTEMPTS", 1)
    by_webhook.answer(HANGS)
    tell(bad=[FULL], now=AT)
    assert telling_now().message.endswith("webhook: no answer within 0.2 seconds")


def test_mail_that_is_refused_fails_nothing_is_shown_and_is_news_later(
    by_mail: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    by_mail.refuse_mail()
    tell(bad=[FULL], now=AT)
    assert "Nobody was told by mail" in caplog.text
    found = telling_now()
    assert found.status == "warning"
    assert "no room for mail today" in found.message
    assert found.hint == "mend it, then try it with db_health --tell"
    by_mail.clear()
    tell(now=AT + timedelta(minutes=3))
    assert not by_mail.mails, "a server that hangs is not tried by every run"
    tell(now=AT + timedelta(minutes=5))
    assert "since 2026-11-28 02:00:00 UTC" in by_mail.mails[0]["body"]
    assert telling_now().status == "ok"


def test_one_way_is_enough(
    by_mail: Inbox, by_webhook: Inbox, settings: Settings
) -> None:
    by_mail.refuse_mail()
    for hours in (0, 1):
        tell(bad=[FULL], now=AT + hours * HOUR)
    assert len(by_webhook.requests) == 1
    assert telling_now().status == "warning"


def test_a_memory_that_is_damaged_counts_as_none(subjects: Subjects) -> None:
    tell(bad=[FULL], now=AT)
    memory_file().write_bytes(memory_file().read_bytes()[:50])
    tell(bad=[FULL], now=AT)
    assert subjects() == ["backup-daily failed"] * 2


def test_what_cannot_be_remembered_fails_nothing(
    by_mail: Inbox, settings: Settings, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.touch()
    tell(bad=[FULL], now=AT)
    assert "What was told is not kept" in caplog.text


def test_without_anybody_to_tell_nothing_is_done(inbox: Inbox) -> None:
    tell(bad=[FULL], now=AT)
    assert not memory_file().exists()
    assert telling_now().message == "nobody is told when something is wrong"
    with pytest.raises(TellingFailedError) as caught:
        tell_state("default is ok", ["All is well."])
    assert caught.value.why == "there is nobody to tell"
