"""Patroni's file: what the guide has in the wrong place stands in the right one."""

from __future__ import annotations

from tests.deploy.places import read_yaml


def test_the_times_of_failover_stand_where_patroni_reads_them() -> None:
    node = read_yaml("patroni.yml")
    assert "patroni" not in node
    times = node["bootstrap"]["dcs"]
    # Patroni's documentation, "Dynamic configuration": otherwise a leader that is
    # well may lose its lock.
    assert times["loop_wait"] + 2 * times["retry_timeout"] <= times["ttl"]


def test_a_failover_loses_nothing_that_was_committed() -> None:
    node = read_yaml("patroni.yml")
    assert node["bootstrap"]["dcs"]["synchronous_mode"] is True
    assert node["restapi"]["authentication"]["username"]
