"""Run a command with a PostgreSQL and a Redis of its own: ``-- CMD…``.

The command, and all it starts, finds them by TEST_DATABASE_URL and
TEST_REDIS_URL. Given by the caller, those servers are used and none is started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

from tests.services.postgresql import client_programs_on_path, postgresql_server
from tests.services.redis import redis_server


def main(arguments: list[str]) -> int:
    """Start what is missing, run the command, stop what was started."""
    if arguments[:1] != ["--"] or len(arguments) < 2:
        sys.stderr.write("usage: python -m tests.services -- COMMAND [ARGUMENT…]\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    environment = dict(os.environ)
    with ExitStack() as servers:
        if not environment.get("TEST_DATABASE_URL"):
            postgresql = servers.enter_context(postgresql_server())
            environment["TEST_DATABASE_URL"] = postgresql.url
            environment["PATH"] = client_programs_on_path(postgresql)
        if not environment.get("TEST_REDIS_URL"):
            environment["TEST_REDIS_URL"] = servers.enter_context(redis_server()).url
        return _run(arguments[1:], environment)


def _run(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The terminal has told the command too; its own end counts.
                continue
            except SystemExit:
                process.terminate()
                process.wait()
                raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
