"""Run the product's own programs as an operator does, in an environment of choice."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.db import connections

from deploy.dev.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ("APP__", "DB_", "AWS_", "STATESET_", "DJANGO_")
START_SECONDS = 180


@dataclass(frozen=True)
class Page:
    """What a server answered, and how long that took."""

    status: int
    body: str
    headers: dict[str, str]
    seconds: float


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return an environment with these variables and nobody else's settings."""
    kept = {name: value for name, value in os.environ.items() if not _foreign(name)}
    return {**kept, "APP__VAR_DIR": str(folder / "var"), **variables}


def manage(
    *arguments: str, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py`` to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment(folder, **variables),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=START_SECONDS * 2,
        check=False,
    )


def settings_of(folder: Path, expression: str, **variables: str) -> str:
    """Return an expression over the product's settings, as a new process reads them."""
    program = f"from stateset.settings import *\nprint({expression})"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(folder, PYTHONPATH=str(ROOT), **variables),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=True,
    )
    return run.stdout.rstrip("\n")


@contextmanager
def web_server(
    folder: Path, *arguments: str, wait: bool = True, **variables: str
) -> Iterator[str]:
    """Run gunicorn until the block ends; yield where it listens or will listen."""
    port = free_port()
    log = folder / f"web-{port}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "stateset.wsgi",
                "--bind",
                f"127.0.0.1:{port}",
                "--no-control-socket",
                *arguments,
            ],
            env=environment(folder, HOME=str(folder), **variables),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            if wait:
                _wait(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def get(url: str, **headers: str) -> Page:
    """Fetch a page without following redirects."""
    request = urllib.request.Request(  # noqa: S310 -- our own server on the loopback
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    started = time.monotonic()
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        response = opener.open(request, timeout=START_SECONDS)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        body = response.read().decode()
    return Page(
        status=response.status,
        body=body,
        headers={name.lower(): value for name, value in response.headers.items()},
        seconds=time.monotonic() - started,
    )


@contextmanager
def new_database(folder: Path) -> Iterator[str]:
    """Yield the URL of a database nobody has migrated, on the engine of the run."""
    with NEW_DATABASES[connections["default"].vendor](folder) as url:
        yield url


@contextmanager
def _new_sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/new.db"


@contextmanager
def _new_postgresql(folder: Path) -> Iterator[str]:
    server = urlsplit(os.environ["TEST_DATABASE_URL"])
    name = f"new_{secrets.token_hex(6)}"
    with psycopg.connect(server.geturl(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


NEW_DATABASES = {"sqlite": _new_sqlite, "postgresql": _new_postgresql}


@contextmanager
def silent_server() -> Iterator[int]:
    """Listen like a server that hangs: connections are taken, nothing is said."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _foreign(name: str) -> bool:
    return name.startswith(FOREIGN) or name in {"BACKUP_DIR", "WEB_CONCURRENCY"}


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if get(f"http://127.0.0.1:{port}/health").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"The web server did not start:\n{log.read_text()}")
