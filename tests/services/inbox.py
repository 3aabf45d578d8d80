"""A server that takes mail and web requests, and keeps what it was sent.

As a program it writes each into its folder, a JSON object a line; files there change
how it behaves.
"""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ("127.0.0.1", 0)
HANGS, OK = 0, 200


@dataclass(frozen=True)
class Inbox:
    """A running server, and what it was sent so far."""

    folder: Path
    mail_port: int
    web_port: int

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def mails(self) -> list[dict[str, Any]]:
        """The mails that were taken, oldest first."""
        return _read(self.folder / "mails")

    @property
    def requests(self) -> list[dict[str, Any]]:
        """All requests, also those that were refused."""
        return _read(self.folder / "requests")

    def answer(self, *statuses: int, location: str = "") -> None:
        """Have requests answered so, in this order, and then always with the last."""
        values = {"statuses": statuses, "location": location}
        (self.folder / "answers").write_text(json.dumps(values), "utf-8")

    def refuse_mail(self) -> None:
        """Have mail refused from now on."""
        (self.folder / "refuses").touch()

    def demand(self, user: str, password: str) -> Path:
        """Take mail over TLS and from this user only; return whom to trust for it."""
        (self.folder / "login").write_text(f"\0{user}\0{password}", "utf-8")
        command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048"]
        options = {"subj": "/CN=inbox", "addext": "subjectAltName=IP:127.0.0.1"}
        places = {"keyout": self.folder / "key.pem", "out": self.folder / "cert.pem"}
        for name, value in (options | places).items():
            command += [f"-{name}", str(value)]
        subprocess.run(command, check=True, capture_output=True)
        return self.folder / "cert.pem"

    def clear(self) -> None:
        """Forget what was sent, and behave again."""
        for path in self.folder.iterdir():
            path.unlink()


@contextmanager
def inbox_server() -> Iterator[Inbox]:
    """Run a new server until the block ends."""
    with tempfile.TemporaryDirectory(prefix="stateset-inbox-") as folder:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.services.inbox", folder],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            mail, web = json.loads(program.stdout.readline())
            yield Inbox(Path(folder), mail, web)
        finally:
            # It ends when nobody holds the other end of its input any more.
            program.stdin.close()
            program.wait()
            program.stdout.close()


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 inbox")
        people: list[str] = []
        is_known = not (FOLDER / "login").exists() or self._is_login()
        while is_known and (line := self.rfile.readline()):
            verb, _, rest = line.decode().strip().partition(" ")
            match verb.upper():
                case "MAIL" if (FOLDER / "refuses").exists():
                    self._say("451 no room for mail today")
                case "RCPT":
                    people.append(rest.partition(":")[2].strip("<>"))
                    self._say("250 OK")
                case "DATA":
                    self._say("354 go on")
                    _keep("mails", {"to": people, **self._message()})
                    self._say("250 taken")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 OK")

    def _is_login(self) -> bool:
        """Take nothing but a login, over TLS only; tell whether it is right."""
        is_safe = False
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    offer = "AUTH PLAIN" if is_safe else "STARTTLS"
                    self._say(f"250-inbox\r\n250 {offer}")
                case "STARTTLS":
                    self._say("220 go on")
                    if not self._is_trusted():
                        return False
                    is_safe = True
                case "AUTH" if is_safe:
                    given = b64decode(rest.removeprefix("PLAIN ")).decode()
                    if given == (FOLDER / "login").read_text("utf-8"):
                        self._say("235 welcome")
                        return True
                    self._say("535 who are you?")
                case _:
                    self._say("530 log in first, over TLS")
        return False

    def _is_trusted(self) -> bool:
        """Go on over TLS, unless the client does not want our certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")
        try:
            self.request = context.wrap_socket(self.request, server_side=True)
        except OSError:
            return False
        self.setup()
        return True

    def _message(self) -> dict[str, str]:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        found = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        body = found.get_content().replace("\r\n", "\n")
        return {"from": found["From"], "subject": found["Subject"], "body": body}

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Web(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self._take()

    def do_GET(self) -> None:
        self._take()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as it is called there
        pass

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _keep(
            "requests",
            {
                "method": self.command,
                "path": self.path,
                "headers": dict(self.headers),
                "body": body.decode(),
            },
        )
        status, location = _answer()
        if status == HANGS:
            # The client has long given up when this ends.
            time.sleep(30)
        self.send_response(status or OK)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _answer() -> tuple[int, str]:
    path = FOLDER / "answers"
    if not path.exists():
        return OK, ""
    values = json.loads(path.read_text("utf-8"))
    status, *rest = values["statuses"]
    path.write_text(json.dumps({**values, "statuses": rest or [status]}), "utf-8")
    return status, values["location"]


def _keep(name: str, values: dict[str, Any]) -> None:
    with (FOLDER / name).open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def _read(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def main() -> None:
    """Serve until standard input ends."""
    socketserver.ThreadingTCPServer.daemon_threads = True
    mail = socketserver.ThreadingTCPServer(LOCAL, _Mail)
    web = ThreadingHTTPServer(LOCAL, _Web)
    for server in (mail, web):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = [mail.server_address[1], web.server_address[1]]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    FOLDER = Path(sys.argv[1])
    main()
