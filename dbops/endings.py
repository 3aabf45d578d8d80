"""Words for a program that failed or fell silent, without its secrets."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dbops.errors import ProgramFailedError

WORDS_LINES = 5
PROCESSES = Path("/proc")
# proc(5): what a process may be in that does not go on by itself.
STANDSTILLS = {
    "T": "is halted (state T)",
    "t": "is halted by a debugger (state t)",
    "D": "waits for a disk or a file system (state D)",
}


def failed(name: str, status: int, said: Sequence[str]) -> ProgramFailedError:
    """Return the error for a program that did not end well."""
    words = "; ".join(said[-WORDS_LINES:])
    if status < 0:
        ending = f"it was killed by signal {-status} ({_signal_name(-status)})"
    else:
        ending = f"it ended with status {status}"
    error = ProgramFailedError(
        f"{name} did not do its work.",
        why=f"{ending}: {words}" if words else f"{ending} and said nothing",
        fix="mend what it names, then try again",
    )
    error.returncode = status
    return error


def silent(
    name: str, seconds: float, said: Sequence[str], found: Sequence[str]
) -> ProgramFailedError:
    """Return the error for one that did nothing; ``found`` is what that comes from."""
    words = "; ".join(said[-WORDS_LINES:])
    silence = f"it did nothing for {seconds:g} seconds"
    known = [f"{silence}: {words}" if words else silence, *found]
    return ProgramFailedError(
        f"{name} was stopped.",
        why="; ".join(filter(None, known)),
        fix="look for what it waits on (locks, the network), then try again",
    )


def standstills(group: int) -> Iterator[str]:
    """Tell which processes of a group cannot go on; nothing where there is no /proc."""
    for place in PROCESSES.glob("[0-9]*/stat"):
        with suppress(OSError):
            # A name may hold anything, brackets and spaces too.
            begun, _, rest = place.read_text(errors="replace").rpartition(")")
            state, _parent, its_group, *_ = rest.split()
            if int(its_group) == group and state in STANDSTILLS:
                pid, _, name = begun.partition(" (")
                yield f"{name} (process {pid}) {STANDSTILLS[state]}"


def without_secrets(text: str, env: Mapping[str, str]) -> str:
    """Return what a program said, without what it was given to keep."""
    for name, value in env.items():
        if value and name.endswith(("PASSWORD", "SECRET", "TOKEN")):
            # It is heard line by line, and a password may have several.
            for line in value.splitlines():
                text = text.replace(line, "***") if line else text
    return text


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
