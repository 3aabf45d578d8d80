"""Ports to listen on: a free one, or the one that was asked for."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

from stateset.lib.errors import StatesetError, UsageError

HOST = "127.0.0.1"
NEVER_LENT = range(15_000, 32_000)


def free_port() -> int:
    """Return a port that nothing listens on now; another program may be faster.

    None of those that the system lends to whoever connects somewhere (ip(7),
    ip_local_port_range): between here and the start of a server it may be lent.
    """
    while True:
        port = secrets.choice(NEVER_LENT)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def web_port(wanted: str) -> int:
    """Return the port as a number; raises StatesetError if nothing can listen there."""
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise UsageError(
            "The web server was not started.",
            why=f"PORT is {wanted!r}, which is no port number",
            fix="choose one from 1024 to 65535: make run PORT=8001",
        )
    with socket.socket() as probe:
        # As the server does it: what a stopped one leaves behind is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(wanted)))
        except OSError as error:
            raise StatesetError(
                "The web server was not started.",
                why=f"port {wanted} on {HOST} can't be used: {error.strerror}",
                fix="stop what listens there, or choose another: make run PORT=8001",
            ) from error
    return int(wanted)
