"""The shop that dbops is tested on: real tables in a real database."""

from __future__ import annotations

import copy
import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.db import connections

ALIAS = "shop"
COUNT = "SELECT COUNT(*) FROM {}"
TABLES = {"customers": 2, "django_migrations": 2, "orders": 300}
MIGRATIONS = (("orders", "0001_initial"), ("orders", "0002_total"))
SCHEMA = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, note TEXT NOT NULL,
        customer_id INTEGER NOT NULL REFERENCES customers (id)
    );
    CREATE TABLE django_migrations (
        id INTEGER PRIMARY KEY, app TEXT NOT NULL, name TEXT NOT NULL
    );
    INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace');
    INSERT INTO django_migrations VALUES
        (1, 'orders', '0001_initial'), (2, 'orders', '0002_total');
    INSERT INTO orders
        WITH RECURSIVE numbers (n) AS (
            SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 299
        )
        SELECT n, 'n' || n, n % 2 + 1 FROM numbers;
"""


class Shop(ABC):
    """A database under an alias of its own, and a folder for its backups."""

    engine: str
    suffix: str

    def __init__(self, folder: Path, backup_folder: Path, settings: Any) -> None:
        self.folder = folder
        self.backup_folder = backup_folder
        self.settings = dict(settings)
        self.name = str(settings["NAME"])

    @abstractmethod
    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        """Run a statement, in the shop unless another database is named."""

    @abstractmethod
    def connect(self) -> Any:
        """Return a connection in autocommit, as another program would open it."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The shop's address, as APP__DATABASE_URL takes it."""

    @abstractmethod
    def new_name(self) -> str:
        """Return the name of a database that can be created."""

    @abstractmethod
    def databases(self) -> list[str]:
        """Return all databases of this test, half made ones too."""

    def count(self, table: str, database: str = "") -> int:
        """Return how many rows a table has."""
        return int(self.run(COUNT.format(table), database)[0][0])

    def files(self) -> list[str]:
        """Return what lies in the folder of backups, hidden files too."""
        return sorted(path.name for path in self.backup_folder.iterdir())


class SqliteShop(Shop):
    """A file in WAL mode, as the project opens it."""

    engine = "sqlite"
    suffix = ".db"

    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(database or self.name)) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
        return rows

    def connect(self) -> Any:
        return sqlite3.connect(
            self.name, isolation_level=None, timeout=20, check_same_thread=False
        )

    @property
    def url(self) -> str:
        return f"sqlite:///{self.name}"

    def new_name(self) -> str:
        return str(self.folder / "copy.db")

    def databases(self) -> list[str]:
        own = {f"{self.name}-wal", f"{self.name}-shm", str(self.backup_folder)}
        return sorted({str(path) for path in self.folder.iterdir()} - own)


class PostgresqlShop(Shop):
    """A database on the server of the run, whose name begins with the test's own."""

    engine = "postgresql"
    suffix = ".dump"

    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        with self.connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str = "") -> Any:
        return psycopg.connect(
            host=self.settings["HOST"],
            port=self.settings["PORT"],
            user=self.settings["USER"],
            password=self.settings["PASSWORD"],
            dbname=database or self.name,
            autocommit=True,
        )

    @property
    def url(self) -> str:
        place = "{USER}:{PASSWORD}@{HOST}:{PORT}".format(
            **{
                key: quote(str(self.settings[key]), safe="")
                for key in ("USER", "PASSWORD", "HOST", "PORT")
            }
        )
        return f"postgres://{place}/{quote(self.name)}"

    def new_name(self) -> str:
        return f"{self.name} copy"

    def databases(self) -> list[str]:
        return [
            name
            for (name,) in self.run(
                "SELECT datname FROM pg_database ORDER BY datname", "postgres"
            )
            if name.startswith(self.name)
        ]


@contextmanager
def sqlite_shop(folder: Path, backup_folder: Path) -> Iterator[Shop]:
    """Make the shop as a file."""
    settings = _settings(str(folder / "shop.db"))
    shop = SqliteShop(folder, backup_folder, settings)
    with closing(sqlite3.connect(shop.name)) as connection:
        connection.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {SCHEMA}; COMMIT")
    with _registered(shop, settings):
        yield shop


@contextmanager
def postgresql_shop(folder: Path, backup_folder: Path) -> Iterator[Shop]:
    """Make the shop on the server, under a name that needs quoting."""
    settings = _settings(f"Shop {secrets.token_hex(4)}")
    shop = PostgresqlShop(folder, backup_folder, settings)
    shop.run(f'CREATE DATABASE "{shop.name}" TEMPLATE template0', "postgres")
    try:
        shop.run(SCHEMA)
        with _registered(shop, settings):
            yield shop
    finally:
        for name in shop.databases():
            shop.run(f'DROP DATABASE "{name}" WITH (FORCE)', "postgres")


MAKERS = {"sqlite": sqlite_shop, "postgresql": postgresql_shop}


def _settings(name: str) -> dict[str, Any]:
    return {**copy.deepcopy(connections["default"].settings_dict), "NAME": name}


@contextmanager
def _registered(shop: Shop, settings: dict[str, Any]) -> Iterator[None]:
    connections.databases[ALIAS] = settings
    try:
        yield
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.databases[ALIAS]
