from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ImproperlyConfigured

from stateset.telling_settings import Mail, read_mail, read_telling

pytestmark = pytest.mark.sqlite


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Mail:
    for name, value in variables.items():
        monkeypatch.setenv(f"APP__{name}", value)
    return read_mail()


def test_nobody_is_told_unless_somebody_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read(monkeypatch) == Mail()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://localhost", Mail("localhost", 25)),
        ("smtps://mx", Mail("mx", 465, is_tls=True)),
        (
            "smtp+tls://ann%40shop:p%2Fw@mx:2525",
            Mail("mx", 2525, "ann@shop", "p/w", starts_tls=True),
        ),
    ],
)
def test_the_server_that_takes_mail(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: Mail
) -> None:
    people = ("ann@shop.example", "bob@shop.example")
    found = read(monkeypatch, EMAIL_URL=url, ADMINS=", ".join(people))
    assert found == replace(expected, people=people, sender=people[0])


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ADMINS": "ann@x.example"}, "APP__EMAIL_URL is not"),
        ({"ADMINS": "ann", "EMAIL_URL": "smtp://mx"}, "APP__ADMINS has 'ann'"),
        ({"EMAIL_FROM": "a@b\nBcc: c@d"}, "APP__EMAIL_FROM has"),
        ({"EMAIL_URL": "http://user:s3cret@mx"}, "APP__EMAIL_URL is no mail server"),
        ({"EMAIL_URL": "smtp+tls://ann:s3cret%C3%9F@mx"}, "letters outside ASCII"),
        ({"EMAIL_URL": "smtp://user:s3cret@mx:port"}, "APP__EMAIL_URL is no mail"),
    ],
)
def test_what_cannot_be_is_refused_without_secrets(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read(monkeypatch, **variables)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_URL", "ftp://hook.example/s3cret"),
        ("WEBHOOK_URL", "https://ann:s3cret@hook.example"),
        ("BACKUP_PING_URL", "https://hc.example/s3cret ping"),
        ("WEBHOOK_KEY", "s3cret"),
    ],
)
def test_an_address_or_a_key_that_is_none_is_refused_unseen(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"APP__{name}", value)
    with pytest.raises(ImproperlyConfigured, match=f"APP__{name} is") as caught:
        read_telling()
    assert "s3cret" not in str(caught.value)
