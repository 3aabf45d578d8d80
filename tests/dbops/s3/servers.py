"""Between us and a server: a wire that can be cut."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from urllib.parse import urlsplit

CHUNK = 64 * 1024


class Wire:
    """Forwards connections until it is cut, or falls silent.

    ``limits`` are for the first connections, in order: how many bytes come back
    before the wire breaks. The connection ``silent_from``, counted from 1 on, has
    it fall silent.
    """

    def __init__(self, target: str, host: str = "127.0.0.1") -> None:
        place = urlsplit(target)
        self._target = (place.hostname or "", place.port or 80)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.host, self.port = self._listener.getsockname()[:2]
        self.url = f"http://127.0.0.1:{self.port}"
        self.limits: list[int] = []
        self.silent_from = 0
        self._count = 0
        self._flowing = Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Pass nothing on any more, as a network does that loses all it is given."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again, also what was given meanwhile."""
        self._flowing.set()

    @property
    def is_silent(self) -> bool:
        """Whether nothing is passed on."""
        return not self._flowing.is_set()

    def cut(self) -> None:
        """Break every connection, and answer nobody any more."""
        # Wakes the thread that waits for the next connection.
        _hang_up(self._listener, *self._ends)
        self._flowing.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                self._count += 1
                if self._count == self.silent_from:
                    self.fall_silent()
                limit = self.limits.pop(0) if self.limits else None
                for ends in ((near, far, None), (far, near, limit)):
                    Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(
        self, source: socket.socket, sink: socket.socket, limit: int | None
    ) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                passed += len(chunk)
                if limit is not None and passed > limit:
                    break
                self._flowing.wait()
                sink.sendall(chunk)
        _hang_up(source, sink)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def wire_to(target: str, host: str = "127.0.0.1") -> Iterator[Wire]:
    """Put a wire before a server, which it answers for at ``host``."""
    wire = Wire(target, host)
    try:
        yield wire
    finally:
        wire.cut()
