"""The web process, as an ASGI server loads it."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
# Before the settings load: only a web process keeps a pool of connections.
os.environ.setdefault("STATESET_PROCESS", "web")

from django.core.asgi import get_asgi_application

from dbops.maintenance.auto_migrate import migrate_at_start
from stateset.celery import app as celery_app

__all__ = ["application", "celery_app"]

application = get_asgi_application()
migrate_at_start()
