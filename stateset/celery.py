"""The Celery application: who runs the tasks, and under whose name."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from django.conf import settings  # noqa: TID251 -- it hands the schedule to beat

from stateset.beat import beat_schedule
from stateset.lib.journal import acting, current_context

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
# In a web process wsgi.py was first.
os.environ.setdefault("STATESET_PROCESS", "worker")


class JournalTask(Task):  # type: ignore[type-arg]  # it takes none at run time
    """A task whose changes say in the audit trail which task made them.

    One that runs inside a request acts for whoever sent that.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        context = current_context()
        with acting(
            actor_label=context.actor_label or f"task {self.name}",
            request_id=context.request_id or self.request.id or "",
        ):
            return super().__call__(*args, **kwargs)


app = Celery("stateset", task_cls=JournalTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = beat_schedule(settings.SCHEDULE)
