from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.dbops.scheduling.builders import make_sample

pytestmark = pytest.mark.django_db


def gauges(client: Client) -> dict[str, float]:
    lines = client.get("/metrics").content.decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if line.startswith("stateset_")]
    return {name: float(value) for name, value in pairs}


def test_prometheus_is_told_what_the_last_check_found(client: Client) -> None:
    now = timezone.now()
    before = now - timedelta(minutes=5)
    make_sample(at=before, name="recovery_time", value=1, unit="s")
    make_sample(at=before, name="gone", status="critical")
    make_sample(at=now, name="last_backup", value=60, unit="s")
    make_sample(at=now, name="recovery_drill", value=7200, status="warning")
    make_sample(at=now, name="recovery_time", value=72.5, unit="s")
    make_sample(at=now, name="setting work_mem", value=None)
    found = gauges(client)
    stamp = now.timestamp()
    expected = {
        'stateset_health_status{check="last_backup"}': 0,
        'stateset_health_status{check="recovery_drill"}': 1,
        'stateset_health_status{check="recovery_time"}': 0,
        "stateset_backup_last_success_timestamp_seconds": stamp - 60,
        "stateset_drill_last_success_timestamp_seconds": stamp - 7200,
        "stateset_drill_success": 1,
        "stateset_recovery_seconds": 72.5,
        "stateset_recovery_budget_seconds": 3600,
        "stateset_health_checked_timestamp_seconds": stamp,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert len([name for name in found if name.startswith("stateset_health_st")]) == 3
    assert "stateset_backup_verified_timestamp_seconds" not in found


def test_what_nobody_has_checked_is_left_out(client: Client) -> None:
    found = gauges(client)
    assert found["stateset_recovery_budget_seconds"] == 3600
    assert not [name for name in found if "drill" in name or "health" in name]


def test_a_failed_drill_is_told_even_when_none_ever_passed(client: Client) -> None:
    make_sample(name="recovery_drill", value=None, status="critical")
    found = gauges(client)
    assert found["stateset_drill_success"] == 0
    assert "stateset_drill_last_success_timestamp_seconds" not in found
