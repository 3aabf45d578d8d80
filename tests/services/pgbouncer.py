"""PgBouncer before a server of the tests, pooling by transaction."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from deploy.dev.ports import free_port
from tests.services.processes import give_to_server, running, server_folder


def find_pgbouncer() -> str | None:
    """Return the program, if there is one."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def pgbouncer(program: str, server_url: str, database: str) -> Iterator[int]:
    """Run one that lets anybody into ``database``; gives its port."""
    server = urlsplit(server_url)
    with server_folder("pgbouncer") as folder:
        port = free_port()
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            f"[databases]\n{database} = host={server.hostname} port={server.port}"
            f" user={server.username} password={server.password}\n"
            "[pgbouncer]\npool_mode = transaction\nauth_type = any\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n",
            encoding="utf-8",
        )
        configuration.chmod(0o600)
        give_to_server(configuration)
        url = f"postgres://127.0.0.1:{port}/{database}"
        with running(
            [program, configuration],
            log=folder / "log",
            is_ready=lambda: _answers(url),
        ):
            yield port


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
