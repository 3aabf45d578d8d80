"""The Celery application: who runs the tasks, and under whose name."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from django.conf import settings  # noqa: TID251 -- it hands the schedule to beat

from stateset.beat import beat_schedule
from stateset.lib.journal import acting, current_context
from stateset.lib.maintenance import (
    RETRY_AFTER_SECONDS,
    current_maintenance,
    require_no_maintenance,
)

MOST_TIMES_PUT_OFF = 10_000
"""For three days; Celery knows no never-ending, and None is its own default of 3."""

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
# In a web process wsgi.py was first.
os.environ.setdefault("STATESET_PROCESS", "worker")


class JournalTask(Task):  # type: ignore[type-arg]  # it takes none at run time
    """A task whose changes say in the audit trail which task made them.

    One that runs inside a request acts for whoever sent that.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        put_off(self)
        context = current_context()
        with acting(
            actor_label=context.actor_label or f"task {self.name}",
            request_id=context.request_id or self.request.id or "",
        ):
            return super().__call__(*args, **kwargs)


def put_off(task: Task[..., Any]) -> None:
    """Have a task that starts in maintenance mode begin again later.

    Where nobody can hand it out again, inside a request or a command, it is refused.
    Every JournalTask asks before its first step, so none has to be idempotent for it.
    """
    if current_maintenance() is None:
        return
    if task.request.called_directly or task.request.is_eager:
        require_no_maintenance(f"The task {task.name} was not begun.")
    raise task.retry(countdown=RETRY_AFTER_SECONDS, max_retries=MOST_TIMES_PUT_OFF)


app = Celery("stateset", task_cls=JournalTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = beat_schedule(settings.SCHEDULE)
