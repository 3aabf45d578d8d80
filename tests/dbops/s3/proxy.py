"""A proxy before S3: it passes on what is asked, or goes wrong as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Asked:
    """One request, as it came in."""

    verb: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the proxy says of its own accord."""

    status: int
    code: str = ""
    message: str = ""

    @property
    def body(self) -> bytes:
        if not self.code:
            return b""
        message = f"<Message>{self.message}</Message>"
        return f"<Error><Code>{self.code}</Code>{message}</Error>".encode()


HANG_UP = Answer(0)
"""No answer: the connection ends."""

Rule = Callable[[Asked], Answer | None]


@dataclass
class Proxy:
    """Where it listens, what came through, and what it does instead of passing on."""

    url: str
    rule: Rule = lambda _asked: None
    seen: list[Asked] = field(default_factory=list)

    def refuse(self, which: Callable[[Asked], bool], *answers: Answer) -> None:
        """Give these answers to the first requests of a kind, in order."""
        left = list(answers)
        self.rule = lambda asked: left.pop(0) if left and which(asked) else None

    def always_refuse(self, which: Callable[[Asked], bool], answer: Answer) -> None:
        """Give this answer to every request of a kind."""
        self.rule = lambda asked: answer if which(asked) else None

    def count(self, which: Callable[[Asked], bool]) -> int:
        """Return how many such requests came."""
        return sum(map(which, self.seen))


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    """Put a proxy before a server; the signatures hold, as nothing is changed."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        asked = Asked(handler.command, handler.path, handler.headers, body)
        proxy.seen.append(asked)
        answer = proxy.rule(asked)
        if answer is HANG_UP:
            handler.close_connection = True
            return
        if answer is None:
            status, headers, content = _passed_on(target, asked)
        else:
            status, headers, content = answer.status, [], answer.body
        length = len(content)
        if asked.verb == "HEAD":
            length, content = int(dict(headers).get("Content-Length", 0)), b""
        handler.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        # Whoever has enough of an answer hangs up.
        with suppress(BrokenPipeError, ConnectionResetError):
            handler.wfile.write(content)

    verbs: dict[str, Any] = {
        f"do_{verb}": handle for verb in ("GET", "PUT", "POST", "DELETE", "HEAD")
    }
    settings = {"protocol_version": "HTTP/1.1", "log_message": lambda *_: None}
    handler = type("Handler", (BaseHTTPRequestHandler,), verbs | settings)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()


def _passed_on(target: str, asked: Asked) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = HTTPConnection(urlsplit(target).netloc, timeout=60)
    try:
        connection.putrequest(
            asked.verb, asked.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in asked.headers.items():
            connection.putheader(name, value)
        connection.endheaders(asked.body)
        found = connection.getresponse()
        return found.status, found.getheaders(), found.read()
    finally:
        connection.close()
