"""The company's own books, with every table of the project, as the live database."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connections

from tests.dbops.shop import PostgresqlShop, Shop, SqliteShop
from tests.threads import close_kept


@contextmanager
def sqlite_books(folder: Path, backup_folder: Path) -> Iterator[Shop]:
    """Copy the file of the run's own test database."""
    connection = connections["default"]
    connection.close()
    template = str(connection.settings_dict["NAME"])
    books = SqliteShop(
        folder, backup_folder, {**connection.settings_dict, "NAME": folder / "books.db"}
    )
    with (
        closing(sqlite3.connect(template)) as source,
        closing(sqlite3.connect(books.name)) as target,
    ):
        source.backup(target)
    with _live(books.name):
        yield books


@contextmanager
def postgresql_books(folder: Path, backup_folder: Path) -> Iterator[Shop]:
    """Have the server copy the run's own test database."""
    connection = connections["default"]
    connection.close()
    template = str(connection.settings_dict["NAME"])
    name = f"Books {secrets.token_hex(4)}"
    books = PostgresqlShop(
        folder, backup_folder, {**connection.settings_dict, "NAME": name}
    )
    # The server copies none that somebody is in.
    close_kept()
    books.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"', "postgres")
    try:
        with _live(name):
            yield books
    finally:
        for each in books.databases():
            books.run(f'DROP DATABASE "{each}" WITH (FORCE)', "postgres")


def lose(books: Shop) -> None:
    """Have nothing left of the live database that could be read."""
    connections["default"].close()
    if books.engine == "postgresql":
        books.run(f'DROP DATABASE "{books.name}" WITH (FORCE)', "postgres")
    else:
        Path(books.name).write_bytes(b"not a database at all " * 1000)


MAKERS = {"sqlite": sqlite_books, "postgresql": postgresql_books}


@contextmanager
def _live(name: str) -> Iterator[None]:
    """Let the alias ``default`` stand for the copy while the block runs."""
    settings = connections["default"].settings_dict
    close_kept()
    template, settings["NAME"] = settings["NAME"], name
    try:
        yield
    finally:
        connections["default"].close()
        close_kept()
        settings["NAME"] = template
