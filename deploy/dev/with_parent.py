"""Have a program end when the one that started it dies, however it dies."""

from __future__ import annotations

import shutil


def end_with_parent(signal_name: str) -> list[str]:
    """Return what to write before a program's arguments; nothing outside Linux."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name] if setpriv else []
