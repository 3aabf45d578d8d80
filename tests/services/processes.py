"""What every test server needs: a folder, a free port, a user, an end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.dev.with_parent import end_with_parent

START_SECONDS = 30.0
STOP_SECONDS = 20.0


class ServerNotStartedError(Exception):
    """A test server could not be had; the text says what was tried."""


def server_user() -> pwd.struct_passwd | None:
    """Return the user that servers run as when this is root, which they refuse."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


@contextmanager
def server_folder(name: str) -> Iterator[Path]:
    """Make a folder that belongs to the server's user and goes away at the end.

    A private TMPDIR is passed over: the server could not enter it.
    """
    base = Path(tempfile.gettempdir())
    if server_user() and not _open_to_others(base):
        base = Path("/var/tmp")  # noqa: S108 -- mkdtemp makes a private folder in it
    folder = Path(tempfile.mkdtemp(prefix=f"stateset-{name}-", dir=base))
    give_to_server(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give_to_server(path: Path) -> None:
    """Make the server's user the owner of ``path``."""
    if user := server_user():
        os.chown(path, user.pw_uid, user.pw_gid)


def readable_copy(tree: Path, into: Path) -> Path:
    """Copy a wheel's programs where the server's user can run them.

    A checkout may lie under a private folder, or be made under umask 077.
    """
    copy = into / tree.name
    shutil.copytree(tree, copy, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            give_to_server(path)
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    return copy


def run_as_server(arguments: Sequence[str | Path], **options: Any) -> None:
    """Run a program of the server to its end; its output is in the error."""
    done = subprocess.run(
        arguments,
        **_identity(),
        **options,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerNotStartedError(f"{arguments[0]}: {done.stdout}{done.stderr}")


@contextmanager
def running(
    arguments: Sequence[str | Path],
    *,
    log: Path,
    is_ready: Callable[[], bool],
    stdin: str = "",
    stop_seconds: float = STOP_SECONDS,
) -> Iterator[None]:
    """Run a server until the block ends; it also ends when this process is killed.

    One that has not stopped after ``stop_seconds`` is killed.
    """
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*end_with_parent("INT"), *arguments],
            **_identity(),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C is for the tests; the server is stopped after them.
            start_new_session=True,
        )
    try:
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        _wait_until_ready(process, is_ready, log)
        yield
    finally:
        _stop(process, stop_seconds)


def _wait_until_ready(
    process: subprocess.Popen[str], is_ready: Callable[[], bool], log: Path
) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > give_up_at:
            text = log.read_text(encoding="utf-8", errors="replace")
            raise ServerNotStartedError(f"{process.args!r} did not start:\n{text}")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[str], seconds: float) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _identity() -> dict[str, Any]:
    environment: Mapping[str, str] = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    options: dict[str, Any] = {"env": environment, "cwd": "/"}
    if user := server_user():
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return options


def _open_to_others(folder: Path) -> bool:
    real = folder.resolve()
    return all(place.stat().st_mode & 0o001 for place in (real, *real.parents))
