"""The web process, run by gunicorn, while its database is well and while it is not."""

from __future__ import annotations

import json

import pytest

from deploy.dev.ports import free_port
from tests.stateset.programs import get, silent_server, web_server

# Each test names a database of its own, so one engine is enough.
pytestmark = pytest.mark.sqlite


def test_a_site_whose_server_is_stopped_says_so_and_lives(tmp_path):
    url = f"postgres://ann:hunter2@127.0.0.1:{free_port()}/shop"
    with web_server(
        tmp_path,
        APP__DATABASE_URL=url,
        APP__DATABASE_ACQUIRE_TIMEOUT="1s",
        APP__DEBUG="true",
        APP__LOG_FORMAT="json",
    ) as site:
        live, ready = get(f"{site}/health"), get(f"{site}/health/ready")
        # A session makes the page ask the database who it is.
        page = get(f"{site}/admin/", Cookie="sessionid=0123456789abcdef")
        metrics = get(f"{site}/metrics")
    assert live.status == 200
    assert ready.status == 503
    assert json.loads(ready.body)["components"]["database"] == {"status": "down"}
    assert ready.seconds < 4
    assert page.status == 503
    assert "The database does not answer" in page.body
    assert metrics.status == 200
    assert "stateset_database_up 0.0" in metrics.body
    log = next(tmp_path.glob("web-*.log")).read_text()
    assert "The database 'default' does not answer. why: " in log
    for text in (live.body, ready.body, page.body, metrics.body, log):
        assert "hunter2" not in text


def test_a_server_that_hangs_costs_a_probe_its_limit_only(tmp_path):
    with (
        silent_server() as port,
        web_server(
            tmp_path,
            "--worker-class=gthread",
            "--threads=4",
            APP__DATABASE_URL=f"postgres://ann:hunter2@127.0.0.1:{port}/shop",
            APP__HEALTH_TIMEOUT="1s",
        ) as site,
    ):
        ready, live = get(f"{site}/health/ready"), get(f"{site}/health")
    assert ready.status == 503
    assert 0.9 < ready.seconds < 3
    assert live.status == 200
    assert live.seconds < 1


def test_several_web_processes_are_one_to_prometheus(tmp_path):
    folder = tmp_path / "metrics"
    folder.mkdir()
    with web_server(
        tmp_path,
        "--workers=2",
        APP__DATABASE_URL="sqlite::memory:",
        PROMETHEUS_MULTIPROC_DIR=str(folder),
    ) as site:
        for _ in range(6):
            assert get(f"{site}/admin/login/").status == 200
        metrics = get(f"{site}/metrics").body.splitlines()
    assert "stateset_database_up 1.0" in metrics
    counted = [
        line.rpartition(" ")[2]
        for line in metrics
        if line.startswith("django_http_requests_before_middlewares_total ")
    ]
    assert counted == ["6.0"]
