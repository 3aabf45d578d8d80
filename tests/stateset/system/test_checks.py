from __future__ import annotations

import pytest
from django.core import checks

from stateset.system.checks import check_names, check_production

GOOD_SECRET = "kZ3xQ9vB7nM1wE5rT8yU2iO6pA4sD0fGhJ-lLcVbNmQwErTyUiOp"


def ids(found) -> list[str]:
    return [message.id for message in found]


@pytest.fixture
def production(settings):
    settings.IN_PRODUCTION = True
    settings.DEBUG = False
    settings.SECRET_KEY = GOOD_SECRET
    settings.CELERY_TASK_ALWAYS_EAGER = False
    return settings


def test_a_sound_production_is_let_alone(production):
    assert check_production(None) == []


def test_debug_in_production_is_an_error(production):
    production.DEBUG = True
    assert check_production(None) == [
        checks.Error(
            "APP__DEBUG is on in production: pages of faults show code and data.",
            hint="Unset APP__DEBUG.",
            id="stateset.E001",
        )
    ]


@pytest.mark.parametrize(
    ("secret", "weakness"),
    [
        ("short", "has 5 characters, and fewer than 50 are weak"),
        ("abcab" * 20, "is made of fewer than 10 different characters"),
    ],
)
def test_a_weak_secret_in_production_is_an_error(production, secret, weakness):
    production.SECRET_KEY = secret
    (found,) = check_production(None)
    assert found == checks.Error(
        f"APP__SECRET_KEY {weakness}.",
        hint="Make one with `openssl rand -base64 48` and set APP__SECRET_KEY.",
        id="stateset.E002",
    )
    assert secret not in str(found)


def test_tasks_inside_requests_in_production_are_warned_of(production):
    production.CELERY_TASK_ALWAYS_EAGER = True
    assert ids(check_production(None)) == ["stateset.W003"]


def test_development_may_do_all_of_it(settings):
    settings.IN_PRODUCTION = False
    settings.DEBUG = True
    settings.SECRET_KEY = "short"
    assert check_production(None) == []


def test_an_unknown_name_is_warned_of_with_the_one_meant(monkeypatch):
    monkeypatch.setenv("APP__ALLOWED_HOST", "shop.example")
    monkeypatch.setenv("APP__XYZZY", "1")
    assert check_names(None) == [
        checks.Warning(
            "The environment has APP__ALLOWED_HOST, which nothing reads.",
            hint="Did you mean APP__ALLOWED_HOSTS?",
            id="stateset.W004",
        ),
        checks.Warning(
            "The environment has APP__XYZZY, which nothing reads.",
            hint="See docs/configuration.md.",
            id="stateset.W004",
        ),
    ]
