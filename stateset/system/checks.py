"""What is wrong with an installation, found before its first request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks

from stateset.env import unknown_names
from stateset.system import conf

SECRET_LENGTH = 50
SECRET_DISTINCT = 10
GENERATE = "Make one with `openssl rand -base64 48` and set APP__SECRET_KEY."


def check_production(app_configs: object, **_: Any) -> Sequence[checks.CheckMessage]:
    """Find what must not be so in production."""
    installation = conf.installation()
    if not installation.in_production:
        return []
    found: list[checks.CheckMessage] = []
    if installation.debug:
        found.append(
            checks.Error(
                "APP__DEBUG is on in production: pages of faults show code and data.",
                hint="Unset APP__DEBUG.",
                id="stateset.E001",
            )
        )
    if weakness := secret_weakness(installation.secret_key):
        found.append(
            checks.Error(
                f"APP__SECRET_KEY {weakness}.",
                hint=GENERATE,
                id="stateset.E002",
            )
        )
    if installation.runs_tasks_inline:
        found.append(
            checks.Warning(
                "APP__REDIS_URL is not set: tasks run inside requests, and no "
                "schedule runs (no backup, no check of the books).",
                hint="Start a Redis server and set APP__REDIS_URL.",
                id="stateset.W003",
            )
        )
    return found


def check_names(app_configs: object, **_: Any) -> Sequence[checks.CheckMessage]:
    """Find variables that look like ours and that nothing reads."""
    return [
        checks.Warning(
            f"The environment has {name}, which nothing reads.",
            hint=f"Did you mean {meant}?" if meant else "See docs/configuration.md.",
            id="stateset.W004",
        )
        for name, meant in unknown_names().items()
    ]


def secret_weakness(secret: str) -> str:
    """Return in words why a secret can be guessed, nothing for a good one."""
    if len(secret) < SECRET_LENGTH:
        return f"has {len(secret)} characters, and fewer than {SECRET_LENGTH} are weak"
    if len(set(secret)) < SECRET_DISTINCT:
        return f"is made of fewer than {SECRET_DISTINCT} different characters"
    return ""
