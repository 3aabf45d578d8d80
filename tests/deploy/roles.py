"""The roles of deploy/postgresql/roles.sql on a server of the tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.deploy.places import DEPLOY
from tests.services.postgresql import PostgresqlServer

PASSWORDS = {"DATABASE": 'what\'s "this"', "MONITOR": "another \\ one"}


def create_roles(server: PostgresqlServer, folder: Path) -> None:
    files = {}
    for name, password in PASSWORDS.items():
        path = folder / name
        path.write_text(password, encoding="utf-8")
        files[f"{name}_PASSWORD_FILE"] = str(path)
    done = subprocess.run(
        [
            server.bin_dir / "psql",
            *("--no-psqlrc", "--quiet", "--dbname", server.url),
            *("--file", DEPLOY / "postgresql" / "roles.sql"),
        ],
        # Such a server would log every statement.
        env={**os.environ, **files, "PGOPTIONS": "-c log_statement=all"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def url_of(server: PostgresqlServer, user: str, password: str) -> dict[str, Any]:
    parts = urlsplit(server.url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "user": user,
        "password": password,
        "dbname": "stateset",
        "autocommit": True,
    }
