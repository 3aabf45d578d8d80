from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.dev.ports import HOST, free_port, web_port
from stateset.lib.errors import StatesetError


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()
    assert web_port(str(port)) == port
    lent = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert port not in range(int(lent[0]), int(lent[1]) + 1)


def test_a_taken_port_is_refused_with_a_way_out() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StatesetError) as refusal:
            web_port(str(port))
    assert str(refusal.value) == (
        "The web server was not started.\n"
        f"  why: port {port} on 127.0.0.1 can't be used: Address already in use\n"
        "  fix: stop what listens there, or choose another: make run PORT=8001"
    )


@pytest.mark.parametrize("wanted", ["http", "0", "65536", "-1", "80.0"])
def test_what_is_no_port_number_is_refused(wanted: str) -> None:
    with pytest.raises(StatesetError) as refusal:
        web_port(wanted)
    assert str(refusal.value) == (
        "The web server was not started.\n"
        f"  why: PORT is {wanted!r}, which is no port number\n"
        "  fix: choose one from 1024 to 65535: make run PORT=8001"
    )
