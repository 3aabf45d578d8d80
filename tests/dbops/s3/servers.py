"""Between us and S3: a wire that can be cut, and a server that only refuses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

CHUNK = 64 * 1024


class Wire:
    """Forwards connections until it is cut.

    ``limits`` are for the first connections, in order: how many bytes come back
    before the wire breaks.
    """

    def __init__(self, target: str) -> None:
        place = urlsplit(target)
        self._target = (place.hostname or "", place.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.limits: list[int] = []
        self._ends: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and answer nobody any more."""
        # Wakes the thread that waits for the next connection.
        _hang_up(self._listener, *self._ends)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                limit = self.limits.pop(0) if self.limits else None
                for ends in ((near, far, None), (far, near, limit)):
                    Thread(target=_forward, args=ends, daemon=True).start()


def _forward(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            passed += len(chunk)
            if limit is not None and passed > limit:
                break
            sink.sendall(chunk)
    _hang_up(source, sink)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def wire_to(target: str) -> Iterator[Wire]:
    """Put a wire before a server."""
    wire = Wire(target)
    try:
        yield wire
    finally:
        wire.cut()


@contextmanager
def refusing(code: str, status: int) -> Iterator[str]:
    """Run a server that answers everything with one of S3's errors."""
    body = f"<Error><Code>{code}</Code><Message>so it is</Message></Error>".encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    verbs = {f"do_{verb}": answer for verb in ("GET", "PUT", "POST", "DELETE", "HEAD")}
    silence = {"log_message": lambda *_: None}
    handler = type("Handler", (BaseHTTPRequestHandler,), verbs | silence)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
