from __future__ import annotations

import os
import re
import socket
from contextvars import Context

import pytest

from dbops.engines.registry import get_engine
from dbops.errors import OperationBusyError
from dbops.leases import leased
from tests.dbops.shop import ALIAS, Shop


def test_the_holder_is_named(shop: Shop) -> None:
    engine = get_engine(ALIAS)

    def take() -> None:
        with leased(engine, "vacuum"):
            pytest.fail("the lease was given twice")

    with leased(engine, "backup"), pytest.raises(OperationBusyError) as caught:
        # Another flow: this one may take again what it holds.
        Context().run(take)
    assert re.fullmatch(
        rf"backup {os.getpid()}@{re.escape(socket.gethostname())} holds it since"
        r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
        caught.value.why,
    )
    assert caught.value.what.endswith("is being worked on.")
    assert caught.value.fix == "wait until it is done, then try again"


def test_a_flow_takes_again_what_it_holds(shop: Shop) -> None:
    engine = get_engine(ALIAS)
    with leased(engine, "restore"):
        with leased(engine, "backup"):
            pass
        with pytest.raises(OperationBusyError):
            Context().run(leased(engine, "vacuum").__enter__)


def test_a_lease_ends_with_its_block(shop: Shop) -> None:
    engine = get_engine(ALIAS)
    before = shop.databases()
    with pytest.raises(KeyError), leased(engine, "backup"):
        raise KeyError
    with leased(engine, "backup"):
        pass
    assert [name for name in shop.databases() if name not in before] == []


def test_leases_of_two_databases_do_not_meet(shop: Shop) -> None:
    engine = get_engine(ALIAS)
    with leased(engine, "backup"), leased(engine, "restore", target=shop.new_name()):
        pass
