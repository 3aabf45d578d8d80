"""The only module that starts another program.

Arguments are lists from start to end, never a shell line. Secrets travel in the
environment, which is kept out of every message. Each program leads a process
group of its own, which ends with the block that started it, and is asked to end
when we are killed.
"""

from __future__ import annotations

import logging
import os
import select
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO

from dbops.endings import failed, silent, standstills, without_secrets
from dbops.errors import ProgramFailedError

CHUNK_BYTES = 1024 * 1024
INHERITED = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "KRB5CCNAME")
STDERR_LINES = 200
STDERR_LINE_CHARACTERS = 1000
STOP_SECONDS = 5.0

logger = logging.getLogger(__name__)

Progress = Callable[[], object]
Explain = Callable[[], str]


@dataclass(frozen=True)
class Program:
    """What to start: arguments, and variables besides the few that are inherited."""

    args: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return Path(self.args[0]).name


@dataclass(frozen=True)
class Finished:
    """What a program that ended well has said."""

    output: str
    warnings: tuple[str, ...]


class Running:
    """A started program; ``warnings`` is what it said on standard error so far."""

    def __init__(
        self,
        program: Program,
        child: subprocess.Popen[bytes],
        silence_seconds: float | None,
        progress: Progress,
        explain: Explain,
    ) -> None:
        self.program = program
        self.pid = child.pid
        self._child = child
        self._silence_seconds = silence_seconds
        self._progress = progress
        self._explain = explain
        self._seen: object = None
        self._said: deque[str] = deque(maxlen=STDERR_LINES)
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._said)

    def chunks(self) -> Iterator[memoryview]:
        """Yield standard output in full chunks; each is overwritten by the next."""
        output = _present(self._child.stdout).fileno()
        buffer = memoryview(bytearray(CHUNK_BYTES))
        filled = 0
        while True:
            self._await(output, select.POLLIN)
            count = os.readv(output, [buffer[filled:]])
            filled += count
            if filled == CHUNK_BYTES or (filled and not count):
                yield buffer[:filled]
                filled = 0
            if not count:
                return

    def write(self, chunk: bytes | memoryview) -> None:
        """Feed standard input.

        A program that stopped reading is judged by its status at the end, so what
        it no longer wants is dropped here.
        """
        entry = _present(self._child.stdin)
        if entry.closed:
            return
        rest = memoryview(chunk)
        try:
            while rest:
                self._await(entry.fileno(), select.POLLOUT)
                rest = rest[os.write(entry.fileno(), rest) :]
        except BrokenPipeError:
            entry.close()

    @property
    def is_deaf(self) -> bool:
        """Whether it has closed its standard input, or that was closed here."""
        return _present(self._child.stdin).closed

    def close_input(self) -> None:
        """Tell the program that nothing more comes."""
        _present(self._child.stdin).close()

    def finish(self) -> None:
        """Wait for the end; raise ProgramFailedError unless it ended well."""
        self._close_pipes()
        while (status := self._status()) is None:
            before, self._seen = self._seen, self._progress()
            if self._seen == before:
                raise self._silent()
        self.kill()
        if status:
            raise failed(self.program.name, status, self.warnings)

    def stop(self) -> None:
        """End the whole process group and let go of it. Idempotent."""
        self.kill()
        self._close_pipes()

    def kill(self) -> None:
        """End the whole process group: ask first, then insist; pipes stay open."""
        if self._child.poll() is None:
            self._signal(signal.SIGTERM)
            # A program that was halted hears nothing else.
            self._signal(signal.SIGCONT)
            try:
                self._child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._child.wait()
        elif self._child.returncode < 0:
            # Those it had started do not know yet that it was killed.
            self._signal(signal.SIGKILL)
        self._listener.join(STOP_SECONDS)

    def _status(self) -> int | None:
        """Wait for the end as long as it may be silent; return None if it is not."""
        try:
            return self._child.wait(self._silence_seconds)
        except subprocess.TimeoutExpired:
            return None

    def _close_pipes(self) -> None:
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def _await(self, descriptor: int, event: int) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        limit = self._silence_seconds
        if not poll.poll(None if limit is None else limit * 1000):
            raise self._silent()

    def _listen(self) -> None:
        # A stopped sibling may hold the pipe open; the daemon thread then waits
        # for it, and nobody waits for the thread.
        with _present(self._child.stderr) as stderr:
            while line := stderr.readline(STDERR_LINE_CHARACTERS):
                text = line.decode(errors="replace").rstrip()
                if text := without_secrets(text, self.program.env):
                    self._said.append(text)

    def _silent(self) -> ProgramFailedError:
        # Asked while it still stands there.
        found = [*standstills(self.pid), self._explain()]
        return silent(
            self.program.name, self._silence_seconds or 0, self.warnings, found
        )


@contextmanager
def running(
    program: Program,
    *,
    feed: bool = False,
    read: bool | None = None,
    silence_seconds: float | None = None,
    progress: Progress = lambda: None,
    explain: Explain = lambda: "",
) -> Iterator[Running]:
    """Run a program beside the block; leaving it waits for a good end.

    With ``feed`` the block writes its standard input and its output is dropped, else
    the block reads its standard output, unless ``read`` says otherwise. Raises
    ProgramFailedError when it cannot be started, fails, is killed, or neither reads,
    writes nor ends for ``silence_seconds``; whatever the block raises stops it.
    Of one that is only waited for, ``progress`` tells by another value that it works.
    ``explain`` is asked why it may be silent, before it is stopped; it must not raise.
    """
    is_read = not feed if read is None else read
    child = _start(program, feed=feed, read=is_read)
    started = Running(program, child, silence_seconds, progress, explain)
    try:
        yield started
        started.finish()
    finally:
        started.stop()


def run(
    program: Program,
    *,
    silence_seconds: float | None = None,
    explain: Explain = lambda: "",
) -> Finished:
    """Run a program to its end and return what it said; raises as ``running``."""
    with running(program, silence_seconds=silence_seconds, explain=explain) as started:
        output = b"".join(bytes(chunk) for chunk in started.chunks())
    return Finished(output.decode(errors="replace"), started.warnings)


def _start(program: Program, *, feed: bool, read: bool) -> subprocess.Popen[bytes]:
    logger.debug("Starting %s", program.args)
    try:
        child = subprocess.Popen(
            [*_leash(program), *program.args],
            bufsize=-1,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE if read else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(program),
            cwd="/",
            # No terminal to ask for a password on, and Ctrl-C reaches us alone.
            start_new_session=True,
            pipesize=CHUNK_BYTES,
        )
    except OSError as error:
        raise ProgramFailedError(
            f"{program.name} was not started.",
            why=f"{program.args[0]}: {error.strerror}",
            fix="install it, or make it executable for this user",
        ) from error
    if child.stdin is not None:
        os.set_blocking(child.stdin.fileno(), False)
    return child


def _leash(program: Program) -> list[str]:
    """Return what goes before the arguments, to be told when we are killed.

    The kernel tells it when the thread that starts it ends: here that one also waits
    for its end. TERM, since pg_dump hands that on to its workers and to the server.
    """
    setpriv = shutil.which("setpriv")
    # Busybox has one too, which cannot do this. What is not there fails by itself.
    if setpriv is None or Path(setpriv).resolve().name != "setpriv":
        return []
    return [setpriv, "--pdeathsig", "TERM"] if shutil.which(program.args[0]) else []


def _environment(program: Program) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in INHERITED or name.startswith("PG")
    }
    # Messages are parsed and shown in one language.
    return {**kept, "LC_ALL": "C", **program.env}


def _present(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("The program was started without this pipe.")
    return pipe
