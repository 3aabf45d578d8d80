"""Whether somebody would be told, as one of the checks of health."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS

from dbops.monitoring.results import CheckResult
from dbops.telling.memory import last_failures
from dbops.telling.sending import ways

NAME = "telling"


def check_telling(alias: str = DEFAULT_DB_ALIAS) -> list[CheckResult]:
    """Look whether anybody is told of trouble, and whether the last message went.

    It is the installation's, and stands with the main database.
    """
    return [_look()] if alias == DEFAULT_DB_ALIAS else []


def _look() -> CheckResult:
    known = ways()
    if not known:
        hint = "set APP__ADMINS and APP__EMAIL_URL, or APP__WEBHOOK_URL"
        return CheckResult(NAME, "ok", "nobody is told when something is wrong", hint)
    try:
        failures = last_failures()
    except OSError as error:
        told = f"nothing is told: {error.filename} cannot be read, {error.strerror}"
        hint = "give that file to the user that everything runs as"
        return CheckResult(NAME, "warning", told, hint)
    failed = {way: why for way, why in failures.items() if way in known}
    if not failed:
        return CheckResult(NAME, "ok", f"by {' and '.join(known)}")
    told = "; ".join(f"by {way}: {why}" for way, why in failed.items())
    hint = "mend it, then try it with db_health --tell"
    return CheckResult(NAME, "warning", f"the last message did not go {told}", hint)
