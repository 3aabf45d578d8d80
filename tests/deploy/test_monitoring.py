"""What Prometheus and Grafana are given: sound, and about metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.dbops.scheduling.builders import make_sample
from tests.deploy.places import DEPLOY, read_text, read_yaml, services

# Seen by running postgres_exporter against PostgreSQL (docs/deployment.md).
EXPORTERS = {
    "pg_database_size_bytes",
    "pg_settings_max_connections",
    "pg_settings_superuser_reserved_connections",
    "pg_stat_activity_max_tx_duration",
    "pg_stat_archiver_failed_count",
    "pg_stat_database_blks_hit",
    "pg_stat_database_blks_read",
    "pg_stat_database_deadlocks",
    "pg_stat_database_numbackends",
    "pg_stat_database_xact_commit",
    "pg_stat_database_xact_rollback",
    "pg_up",
}
METRIC = re.compile(r"\b(?:pg|django|stateset)_\w+")

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not on the PATH"
)


def rules() -> list[dict[str, Any]]:
    groups = read_yaml("prometheus/rules.yml")["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read_text("grafana/dashboards/stateset.json"))
    return found


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [
        target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]
    ]


def asked_for() -> set[str]:
    """Return the metrics in all expressions; what stands in quotes is a label's."""
    bare = [re.sub(r'"[^"]*"', "", text) for text in expressions()]
    return {name for text in bare for name in METRIC.findall(text)}


def promtool(*arguments: str) -> str:
    done = subprocess.run(
        ["promtool", *arguments],
        cwd=DEPLOY / "prometheus",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_promtool_accepts_the_configuration() -> None:
    # The key is only there where Prometheus runs.
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", "prometheus.yml")
    assert f"{len(rules())} rules found" in promtool("check", "rules", "rules.yml")


@needs_promtool
def test_alerts_fire_when_they_must_and_are_quiet_otherwise() -> None:
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


def test_alerts_say_what_and_how_to_mend_it() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "fix"}


def test_the_database_metrics_asked_for_are_the_exporters() -> None:
    asked = {name for name in asked_for() if name.startswith("pg_")}
    assert asked - EXPORTERS == set()


@pytest.mark.django_db
def test_our_own_metrics_asked_for_are_on_our_page(client: Client) -> None:
    make_sample(at=timezone.now(), name="last_backup")
    # A page first, so that there is something to count.
    client.get("/admin/login/")
    page = client.get("/metrics").content.decode()
    ours = {name for name in asked_for() if not name.startswith("pg_")}
    assert ours
    assert {name for name in ours if not re.search(rf"^{name}\b", page, re.M)} == set()


def test_a_share_of_nothing_is_no_division_by_zero() -> None:
    for text in (target for panel in dashboard()["panels"] for target in shares(panel)):
        assert re.search(r"/ \(.* > 0\)$", text)


def shares(panel: dict[str, Any]) -> list[str]:
    return [each["expr"] for each in panel["targets"] if " / " in each["expr"]]


def test_counters_are_looked_at_as_rates() -> None:
    for text in expressions():
        for found in re.finditer(
            r"(pg_stat_database_(?:blks|xact)_\w+|\w+_total)(?:\{[^}]*\})?(\[\w+\])?",
            text,
        ):
            assert found[2], f"{found[1]} since the server started says little: {text}"


def test_the_dashboard_is_provisioned() -> None:
    (provider,) = read_yaml("grafana/provisioning/dashboards/stateset.yml")["providers"]
    (source,) = read_yaml("grafana/provisioning/datasources/prometheus.yml")[
        "datasources"
    ]
    grafana = services("compose.monitoring.yml")["grafana"]
    mounted = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    assert mounted["./grafana/dashboards"] == provider["options"]["path"]
    assert mounted["./grafana/provisioning"] == "/etc/grafana/provisioning"
    for panel in dashboard()["panels"]:
        assert panel["datasource"]["uid"] == source["uid"]


def test_prometheus_asks_those_who_are_there() -> None:
    here = services("compose.yml") | services("compose.monitoring.yml")
    for job in read_yaml("prometheus/prometheus.yml")["scrape_configs"]:
        ((target,),) = (each["targets"] for each in job["static_configs"])
        assert target.partition(":")[0] in here
    key = read_yaml("prometheus/prometheus.yml")["scrape_configs"][0]["authorization"]
    assert key["credentials_file"] == "/run/secrets/metrics_key"
    assert "metrics_key" in here["prometheus"]["secrets"]


def test_the_exporter_is_not_the_owner_and_says_how_it_connects() -> None:
    variables = services("compose.monitoring.yml")["postgres-exporter"]["environment"]
    assert variables["DATA_SOURCE_USER"] == "stateset_monitor"
    assert "sslmode=" in variables["DATA_SOURCE_URI"]
    assert "DATA_SOURCE_NAME" not in variables
    assert "GRANT pg_monitor TO stateset_monitor;" in read_text("postgresql/roles.sql")
