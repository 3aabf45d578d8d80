"""The settings of this app, read when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings


@dataclass(frozen=True)
class Lifetimes:
    """How long each secret lives."""

    api_key: timedelta
    refresh_token: timedelta
    password_reset: timedelta


def lifetimes() -> Lifetimes:
    """Return the lifetimes in force: ninety days, seven days, one hour by default."""
    return Lifetimes(
        api_key=settings.API_KEY_LIFETIME,
        refresh_token=settings.REFRESH_TOKEN_LIFETIME,
        password_reset=timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
    )


def api_key_prefix() -> str:
    """Return what every API key starts with."""
    return str(settings.API_KEY_PREFIX)


def keep_tokens() -> timedelta:
    """Return how long a token is kept after it expired."""
    span: timedelta = settings.KEEP_TOKENS
    return span
