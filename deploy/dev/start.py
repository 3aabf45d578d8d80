"""Run processes of the Procfile with honcho until one ends, or nobody listens."""

from __future__ import annotations

import io
import os
import signal
import sys

from honcho.command import main  # type: ignore[import-untyped]


class Listened(io.TextIOWrapper):
    """A stream that stops this program when its reader has gone away.

    honcho would fail to say so, and wait for ever for what it has started.
    """

    def write(self, text: str) -> int:
        try:
            super().write(text)
            super().flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            os.kill(os.getpid(), signal.SIGTERM)
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is written is flushed at once."""


if __name__ == "__main__":
    sys.stdout = Listened(sys.stdout.buffer, encoding="utf-8", errors="replace")
    options = ["-e", os.devnull, "-f", "deploy/dev/Procfile"]
    sys.argv[1:] = [*options, "start", *sys.argv[1:]]
    main()
