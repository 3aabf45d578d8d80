"""The settings of the product, and the few lines in which a test run differs.

``tests.engine_option`` says by the environment which engine it is, where its
server is, and in which folder files may be left.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# What a shell has set for real work must not reach a test.
for _name in sorted(os.environ):
    if _name.startswith(("APP__", "DB_", "AWS_S3_", "AWS_ACCESS_", "AWS_SECRET_")):
        del os.environ[_name]
for _name in ("BACKUP_DIR", "RETENTION_DAYS", "WEB_CONCURRENCY", "STATESET_PROCESS"):
    os.environ.pop(_name, None)

_folder = Path(os.environ.get("STATESET_TEST_FOLDER") or tempfile.gettempdir())
_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
_urls = {
    "sqlite": f"sqlite:///{_folder / 'stateset.db'}?mode=rwc",
    "postgresql": os.environ.get("TEST_DATABASE_URL", ""),
}
os.environ["APP__ENVIRONMENT"] = "test"
os.environ["APP__DATABASE_URL"] = _urls[
    os.environ.get("STATESET_TEST_ENGINE", "sqlite")
]
os.environ["APP__ADMIN_THEME"] = os.environ.get("STATESET_TEST_THEME", "unfold")
os.environ["APP__VAR_DIR"] = str(_folder / "var" / _worker)
os.environ["BACKUP_DIR"] = str(_folder / "backups" / _worker)

from stateset.settings import *

# Named in full: SQLite would otherwise be tested in memory, where there is no
# WAL, no lock and no file, and where a live server shares its one connection.
DATABASES["default"]["TEST"] = {
    "NAME": {
        "sqlite": str(_folder / "test_stateset.db"),
        "postgresql": "test_stateset",
    }[os.environ.get("STATESET_TEST_ENGINE", "sqlite")]
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_EAGER_PROPAGATES = True
# Static files are looked up when asked for, not listed at each client's start.
WHITENOISE_AUTOREFRESH = True
