from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError
from django.test import Client

from stateset.accounts.services.api_keys import issue_api_key
from tests.stateset.builders import make_user

OUTSIDE = "203.0.113.9"


def refuse(monkeypatch) -> None:
    """Have every new connection fail as one to a stopped server does."""

    def ensure_connection(self: BaseDatabaseWrapper) -> None:
        raise OperationalError("server at db, user ann: connection refused")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", ensure_connection)


@pytest.mark.parametrize("path", ["/health", "/health/", "/health/live"])
def test_liveness_needs_no_database_and_no_known_host(client: Client, path):
    response = client.get(path, headers={"host": "10.1.2.3:8000"})
    assert response.status_code == 200
    assert response.json() == {"status": "up"}
    assert response.headers["Cache-Control"] == "no-store"


def test_the_version_is_told(client: Client, settings):
    assert client.get("/health/version").json() == {"version": settings.VERSION}


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_a_probe_is_only_read(client: Client, path):
    response = client.post(path)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/ready", "/health/readiness"])
def test_a_migrated_database_that_answers_is_ready(client: Client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response.json() == {
        "status": "up",
        "components": {
            "database": {"status": "up"},
            "migrations": {"status": "up", "unapplied": 0},
        },
    }


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_waits_is_not_ready(client: Client):
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    response = client.get("/health/ready")
    recorder.record_applied("sessions", "0001_initial")
    assert response.status_code == 503
    assert response.json() == {
        "status": "down",
        "components": {
            "database": {"status": "up"},
            "migrations": {"status": "down", "unapplied": 1},
        },
    }


@pytest.mark.django_db
def test_a_lost_database_is_not_ready_and_nothing_leaks(client: Client, monkeypatch):
    refuse(monkeypatch)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "down",
        "components": {
            "database": {"status": "down"},
            "migrations": {"status": "unknown", "unapplied": None},
        },
    }


@pytest.mark.django_db
def test_metrics_are_open_on_the_loopback(client: Client):
    response = client.get("/metrics", headers={"host": "10.1.2.3:8000"})
    assert response.status_code == 200
    lines = response.content.decode().splitlines()
    assert "stateset_database_up 1.0" in lines
    assert "stateset_migrations_unapplied 0.0" in lines
    assert "# TYPE django_http_requests_before_middlewares_total counter" in lines
    kinds = [line for line in lines if line.startswith("# TYPE ")]
    assert len(kinds) == len(set(kinds))


@pytest.mark.django_db
def test_metrics_answer_while_the_database_is_lost(client: Client, monkeypatch):
    refuse(monkeypatch)
    response = client.get("/metrics")
    lines = response.content.decode().splitlines()
    assert response.status_code == 200
    assert "stateset_database_up 0.0" in lines
    assert "stateset_migrations_unapplied" not in response.content.decode()


def test_metrics_are_closed_to_everybody_else(client: Client):
    response = client.get("/metrics", REMOTE_ADDR=OUTSIDE)
    assert response.status_code == 403
    assert response.content == b"Metrics are closed to this address.\n"


def test_metrics_are_closed_to_clients_of_a_proxy_on_this_machine(client: Client):
    response = client.get("/metrics", headers={"x-forwarded-for": OUTSIDE})
    assert response.status_code == 403
    pretended = client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"})
    assert pretended.status_code == 403


@pytest.mark.django_db
def test_metrics_are_open_to_allowed_networks(client: Client, settings):
    settings.METRICS_ALLOWED_NETWORKS = [ip_network("203.0.113.0/24")]
    assert client.get("/metrics", REMOTE_ADDR=OUTSIDE).status_code == 200
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    forwarded = {"x-forwarded-for": OUTSIDE}
    assert client.get("/metrics", headers=forwarded).status_code == 200


@pytest.mark.django_db
def test_metrics_open_to_a_key_of_their_scope_only(client: Client):
    user = make_user()
    _, right = issue_api_key(user=user, name="prometheus", scopes=["metrics:read"])
    _, narrow = issue_api_key(user=user, name="shop", scopes=["orders:read"])
    answers = [
        client.get(
            "/metrics",
            headers={"authorization": f"{scheme} {key}"},
            REMOTE_ADDR=OUTSIDE,
        )
        for scheme, key in [
            ("Bearer", right),
            ("Bearer", narrow),
            ("Bearer", "sk_unknown"),
            ("Basic", right),
        ]
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 401, 403]
    assert answers[1].content == b"This key does not open the metrics.\n"
    assert answers[1].headers["WWW-Authenticate"] == 'Bearer realm="metrics"'


@pytest.mark.django_db
def test_a_key_that_cannot_be_looked_up_opens_nothing(client: Client, monkeypatch):
    refuse(monkeypatch)
    response = client.get(
        "/metrics", headers={"authorization": "Bearer sk_x"}, REMOTE_ADDR=OUTSIDE
    )
    assert response.status_code == 503
    assert response.content == b"Keys can't be looked up just now.\n"
