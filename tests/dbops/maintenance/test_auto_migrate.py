from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from dbops.maintenance.auto_migrate import migrate_at_start
from dbops.management.commands.runserver import Command
from stateset.lib.databases import unapplied_migrations
from tests.stateset.programs import get, new_database, web_server


@pytest.mark.django_db
def test_two_servers_that_start_together_migrate_once(tmp_path):
    variables = {"APP__AUTO_MIGRATE": "true", "APP__LOG_LEVEL": "INFO"}
    with new_database(tmp_path) as url, ExitStack() as servers:
        first, second = (
            servers.enter_context(
                web_server(tmp_path, wait=wait, APP__DATABASE_URL=url, **variables)
            )
            # The first is not waited for, so that both are at it.
            for wait in (False, True)
        )
        answers = [get(f"{site}/health/ready") for site in (second, first)]
    assert [json.loads(answer.body)["status"] for answer in answers] == ["up", "up"]
    logs = "".join(log.read_text() for log in tmp_path.glob("web-*.log"))
    assert logs.count("dbops.maintenance.auto_migrate: Applying") == 1
    assert "Traceback" not in logs


@pytest.mark.django_db(transaction=True)
def test_the_development_server_migrates_before_it_serves(settings):
    settings.AUTO_MIGRATE = True
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_session")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    assert unapplied_migrations(connection) == ["sessions.0001_initial"]
    Command(stdout=(told := StringIO())).check_migrations()
    assert unapplied_migrations(connection) == []
    assert told.getvalue() == ""
    assert not Session.objects.exists()


def test_nothing_migrates_unless_it_is_asked_for(settings):
    settings.AUTO_MIGRATE = False
    assert migrate_at_start() is False


def test_in_production_it_warns_and_does_nothing(settings, caplog):
    settings.AUTO_MIGRATE = True
    settings.ENVIRONMENT = "production"
    with caplog.at_level(logging.WARNING):
        assert migrate_at_start() is False
    assert caplog.messages == [
        "APP__AUTO_MIGRATE does nothing in production: run `migration up`."
    ]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_up_to_date_is_left_alone(settings):
    settings.AUTO_MIGRATE = True
    assert migrate_at_start() is False
