from __future__ import annotations

import logging

import pytest
from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from psycopg.errors import DeadlockDetected

from stateset.lib.journal import current_context
from tests.stateset.builders import make_user
from tests.stateset.system.test_views import refuse


def show_context(request: HttpRequest) -> HttpResponse:
    context = current_context()
    return HttpResponse(f"{context.actor_label} {context.request_id}")


def lose_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("server closed the connection unexpectedly")


def meet_deadlock(request: HttpRequest) -> HttpResponse:
    raise OperationalError("deadlock detected") from DeadlockDetected()


urlpatterns = [
    path("context", show_context),
    path("lost", lose_database),
    path("deadlock", meet_deadlock),
]
handler500 = "stateset.system.outage.server_error"
here = override_settings(ROOT_URLCONF=__name__)


@here
def test_a_request_has_a_number_of_its_own(client: Client):
    first, second = client.get("/context"), client.get("/context")
    number = first.headers["X-Request-ID"]
    assert first.content.decode() == f" {number}"
    assert len(number) == 32
    assert number != second.headers["X-Request-ID"]
    assert current_context().request_id == ""


@here
def test_a_sane_number_from_outside_is_kept(client: Client):
    response = client.get("/context", headers={"x-request-id": "trace-4711.a:b_c"})
    assert response.headers["X-Request-ID"] == "trace-4711.a:b_c"
    assert response.content == b" trace-4711.a:b_c"


@here
@pytest.mark.parametrize("given", ["x" * 65, "a b", "a\tb", "<script>", "é"])
def test_any_other_number_from_outside_is_replaced(client: Client, given):
    response = client.get("/context", headers={"x-request-id": given})
    assert response.headers["X-Request-ID"] != given
    assert len(response.headers["X-Request-ID"]) == 32


@here
@pytest.mark.django_db
def test_what_a_request_writes_carries_who_is_logged_in(client: Client):
    user = make_user(email="ann@example.com")
    client.force_login(user)
    assert client.get("/context").content.startswith(b"ann@example.com ")
    assert current_context().actor_label == ""


@here
def test_a_request_is_logged_without_its_query(client: Client, caplog):
    with caplog.at_level(logging.INFO, logger="stateset.access"):
        client.get("/context?email=ann@example.com")
    (record,) = [entry for entry in caplog.records if entry.name == "stateset.access"]
    assert record.getMessage().startswith("GET /context 200 in ")
    assert "ann" not in str(vars(record))


@here
def test_a_line_break_in_an_address_does_not_break_the_log(client: Client, caplog):
    with caplog.at_level(logging.INFO, logger="stateset.access"):
        client.get("/nowhere%0AERROR%20forged")
    (record,) = [entry for entry in caplog.records if entry.name == "stateset.access"]
    assert record.getMessage().startswith("GET /nowhere%0AERROR%20forged 404 in ")


@here
@pytest.mark.django_db
def test_a_lost_database_is_told_in_plain_words(client: Client, monkeypatch, caplog):
    refuse(monkeypatch)
    response = client.get("/lost")
    page = response.content.decode()
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "10"
    assert "The database does not answer" in page
    assert "user ann" not in page
    assert "Traceback" not in page
    (record,) = [r for r in caplog.records if r.name == "stateset.system.outage"]
    assert record.getMessage() == (
        "The database 'default' does not answer. "
        "why: server at db, user ann: connection refused "
        "fix: start its server or create it, or correct APP__DATABASE_URL; then "
        "`python manage.py check --database default` tells more"
    )


@here
@pytest.mark.django_db
def test_while_the_database_is_lost_no_request_waits_for_it(client: Client):
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch)
        assert client.get("/lost").status_code == 503
        assert client.get("/context").status_code == 503
    assert client.get("/context").status_code == 200


@here
@pytest.mark.django_db
def test_a_wrong_statement_stays_a_fault(client: Client):
    client.raise_request_exception = False
    response = client.get("/lost")
    assert response.status_code == 500
    assert "Something went wrong here" in response.content.decode()


@here
@pytest.mark.django_db
def test_a_deadlock_is_told_in_plain_words(client: Client):
    response = client.get("/deadlock")
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody changed this at the same moment" in page
    assert "Nothing of yours was done." in page


@here
@override_settings(CONTENT_SECURITY_POLICY="default-src 'self'")
def test_pages_send_the_policy_of_the_theme(client: Client):
    response = client.get("/context")
    assert response.headers["Content-Security-Policy"] == "default-src 'self'"
