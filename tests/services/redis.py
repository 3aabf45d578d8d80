"""A Redis server of our own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from deploy.dev.ports import free_port
from deploy.dev.redis_program import configuration, find_redis_server
from tests.services.processes import (
    ServerNotStartedError,
    readable_copy,
    running,
    server_folder,
    server_user,
)


@dataclass(frozen=True)
class RedisServer:
    """A running server and how to reach it."""

    url: str


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a new, empty server that keeps nothing on disk."""
    program = find_redis_server()
    if program is None:
        raise ServerNotStartedError(
            "There is no Redis to test with.\n"
            "  why: no redis-server on the PATH, and no wheel that holds one\n"
            "  fix: install redis-server, or set TEST_REDIS_URL"
        )
    with server_folder("redis") as folder:
        if server_user() and not program.is_relative_to("/usr"):
            program = readable_copy(program.parent, folder) / program.name
        password = secrets.token_hex(16)
        port = free_port()
        url = f"redis://default:{password}@127.0.0.1:{port}/0"
        with running(
            [program, "-"],
            log=folder / "log",
            is_ready=lambda: _answers(url),
            stdin=configuration(port=port, password=password, folder=folder),
        ):
            yield RedisServer(url=url)


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
