"""Change rows as somebody does who has the database, and not this program."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from urllib.parse import urlsplit

from django.db import connection


def change(*statements: str) -> None:
    """Run statements in the engine's own shell, each on its own: psql, or SQLite."""
    SHELLS[connection.vendor](statements)


def _psql(statements: tuple[str, ...]) -> None:
    server = urlsplit(os.environ["TEST_DATABASE_URL"])
    url = server._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    ran = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url],
        input="".join(f"{statement};\n" for statement in statements),
        text=True,
        check=False,
        capture_output=True,
    )
    assert ran.returncode == 0, ran.stderr


def _sqlite(statements: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as file:
        for statement in statements:
            file.execute(statement)
        file.commit()


SHELLS = {"postgresql": _psql, "sqlite": _sqlite}
