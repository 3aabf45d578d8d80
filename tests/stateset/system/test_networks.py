from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from stateset.system.networks import client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1"))


def address(peer: str, forwarded: str | None = None) -> str:
    meta = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    found = client_address(meta, trusted_proxies=PROXIES)
    return "" if found is None else str(found)


def test_without_a_proxy_the_peer_is_the_client():
    assert address("203.0.113.9") == "203.0.113.9"
    assert address("::ffff:203.0.113.9") == "203.0.113.9"
    assert address("::1") == "::1"


def test_a_trusted_proxy_is_believed():
    assert address("10.0.0.2", "203.0.113.9") == "203.0.113.9"


def test_what_the_client_itself_put_in_front_is_not_believed():
    forwarded = "127.0.0.1, 203.0.113.9, 10.0.0.3"
    assert address("10.0.0.2", forwarded) == "203.0.113.9"


@pytest.mark.parametrize("forwarded", ["203.0.113.9", "127.0.0.1", "nonsense"])
def test_behind_an_unknown_proxy_the_client_is_unknown(forwarded):
    assert address("192.0.2.1", forwarded) == ""


@pytest.mark.parametrize("forwarded", ["nonsense", "10.0.0.3", ", ,"])
def test_a_header_without_a_client_gives_none(forwarded):
    assert address("10.0.0.2", forwarded) == ""


def test_a_forwarded_header_of_the_other_kind_hides_the_client_too():
    meta = {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.9"}
    assert client_address(meta, trusted_proxies=()) is None


def test_a_peer_without_an_address_is_unknown():
    assert client_address({"REMOTE_ADDR": ""}, trusted_proxies=PROXIES) is None
    assert ip_address("127.0.0.1") in PROXIES[1]
