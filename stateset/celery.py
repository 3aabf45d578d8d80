"""The Celery application: who runs the tasks, and under whose name."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task

from stateset.lib.journal import acting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
# In a web process wsgi.py was first.
os.environ.setdefault("STATESET_PROCESS", "worker")


class JournalTask(Task):  # type: ignore[type-arg]  # it takes none at run time
    """A task whose changes say in the audit trail which task made them."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with acting(actor_label=f"task {self.name}", request_id=self.request.id or ""):
            return super().__call__(*args, **kwargs)


app = Celery("stateset", task_cls=JournalTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
