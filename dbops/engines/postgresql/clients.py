"""Find the client programs that fit a server and an archive."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dbops.errors import ProgramFailedError, ProgramNotFoundError
from dbops.process import Program, run

DEBIAN_CLIENTS = Path("/usr/lib/postgresql")
# From here on pg_restore sets transaction_timeout, which older servers refuse.
TRANSACTION_TIMEOUT_MAJOR = 17
VERSION_SECONDS = 10.0


@dataclass(frozen=True)
class Client:
    """One program in one version."""

    path: Path
    version: str
    is_chosen: bool

    @property
    def major(self) -> int:
        return major_version(self.version)


def find_pg_dump(
    server_version: str, folders: Sequence[Path], program: str = "pg_dump"
) -> Client:
    """Return the pg_dump to use: in ``folders`` first, then the oldest that will do.

    pg_dump refuses a newer server. A newer pg_dump makes archives that the server's
    own pg_restore cannot read, so the nearest version is best. The same goes for
    the program pg_dumpall.
    """
    server = major_version(server_version)
    found = _installed(program, folders)
    fitting = [client for client in found if client.major >= server]
    if not fitting:
        raise ProgramNotFoundError(
            f"There is no {program} for this server.",
            why=f"the server is PostgreSQL {server_version}, found: {_list(found)}",
            fix=f"install the PostgreSQL {server} client programs, or set PG_BIN to"
            " their folder",
        )
    return _nearest(fitting)


def find_pg_restore(
    archive_version: str, server_version: str | None, folders: Sequence[Path]
) -> Client:
    """Return the pg_restore that reads the archive and that the server understands.

    Without a server it only has to read.
    """
    oldest = major_version(archive_version)
    found = _installed("pg_restore", folders)
    fitting = [client for client in found if client.major >= oldest]
    need = f"it must be {oldest} or newer to read this backup"
    if server_version and major_version(server_version) < TRANSACTION_TIMEOUT_MAJOR:
        newest = TRANSACTION_TIMEOUT_MAJOR - 1
        fitting = [client for client in fitting if client.major <= newest]
        need += f", and {newest} or older for a server {server_version}"
    if not fitting:
        raise ProgramNotFoundError(
            "There is no pg_restore for this backup.",
            why=f"{need}; found: {_list(found)}",
            fix="install the PostgreSQL client programs of such a version, or set"
            " PG_BIN to their folder",
        )
    return _nearest(fitting)


def find_psql(folders: Sequence[Path]) -> Client:
    """Return the newest psql, one in ``folders`` before others.

    It speaks with older servers too, and knows the ``restrict`` command that dumps
    begin with since August 2025.
    """
    found = _installed("psql", folders)
    if not found:
        raise ProgramNotFoundError(
            "There is no psql to load the text with.",
            why="found: none in PG_BIN, PATH or /usr/lib/postgresql",
            fix="install the PostgreSQL client programs, or set PG_BIN to their folder",
        )
    return max(found, key=lambda client: (client.is_chosen, client.major))


def major_version(version: str) -> int:
    """Return 15 for ``15.18 (Debian 15.18-0+deb12u1)``."""
    match = re.match(r"\d+", version)
    return int(match[0]) if match else 0


def _installed(program: str, folders: Sequence[Path]) -> list[Client]:
    clients: list[Client] = []
    for path, is_chosen in _candidates(program, folders):
        version = _version(path)
        if version and path not in [client.path for client in clients]:
            clients.append(Client(path, version, is_chosen))
    return clients


def _candidates(program: str, folders: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    for folder in folders:
        yield folder / program, True
    for path in sorted(DEBIAN_CLIENTS.glob(f"*/bin/{program}")):
        yield path, False
    for entry in os.get_exec_path():
        if entry and shutil.which(program, path=entry):
            yield Path(entry) / program, False


def _version(path: Path) -> str:
    try:
        finished = run(
            Program([str(path), "--version"]), silence_seconds=VERSION_SECONDS
        )
    except ProgramFailedError:
        return ""
    match = re.search(r"\(PostgreSQL\) (\d+[.\w]*)", finished.output)
    return match[1] if match else ""


def _nearest(clients: Sequence[Client]) -> Client:
    return min(clients, key=lambda client: (not client.is_chosen, client.major))


def _list(clients: Sequence[Client]) -> str:
    return ", ".join(f"{client.version} ({client.path})" for client in clients) or (
        "none in PG_BIN, PATH or /usr/lib/postgresql"
    )
