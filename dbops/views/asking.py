"""Hand a task to the workers for somebody who clicked, and say what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from kombu.exceptions import OperationalError

from dbops import conf
from dbops.errors import TaskFailedError, TaskNotSentError
from dbops.models import RunState, ScheduledRun
from dbops.tasks import run_asked

STALE_SECONDS = 3600


def ask_workers(
    request: HttpRequest, name: str, task: str, arguments: Mapping[str, Any]
) -> str:
    """Send a task that runs under ``name``, and return what to tell who asked.

    Without workers it runs here and now, and what it refuses is raised.
    """
    asked_at = timezone.now()
    who = request.user.get_username()
    try:
        run_asked.apply_async(
            (name, task, dict(arguments), who, asked_at.isoformat()),
            expires=STALE_SECONDS,
        )
    except OperationalError as error:
        raise TaskNotSentError(
            f"{name} was not started.",
            why="the broker that carries tasks to the workers does not answer",
            fix="start Redis, or correct APP__REDIS_URL",
        ) from error
    if conf.has_workers():
        return f"{name} was handed to the workers. Reload this page to see its result."
    run = ScheduledRun.objects.filter(name=name, slot=asked_at).first()
    if run is None:
        raise TaskFailedError(
            f"{name} was not begun.",
            why="it left no trace",
            fix="see the log of this process",
        )
    if run.state != RunState.DONE:
        raise TaskFailedError(
            f"{name}: {run.error_what}", why=run.error_why, fix="see the log for more"
        )
    return f"{name}: {run.told}."
