from __future__ import annotations

import pytest
from django.core import checks
from django.db import connection, connections
from django.db.backends.base import base
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError

from dbops.checks import (
    check_installation,
    check_poolers,
    check_pools,
    check_servers,
)
from dbops.engines.tuning import Pool
from stateset.lib.databases import separate_connection
from tests.services.pgbouncer import find_pgbouncer, pgbouncer


def make_pool(*, min_size: int = 2, max_size: int = 10) -> Pool:
    return Pool(
        min_size=min_size, max_size=max_size, acquire_timeout=10, idle_timeout=600
    )


def test_the_settings_of_the_tests_are_sound(settings):
    settings.DATABASE_POOL = make_pool()
    assert check_pools(None) == []


def test_a_minimum_above_the_maximum_is_an_error(settings):
    settings.DATABASE_POOL = make_pool(min_size=5, max_size=4)
    assert check_pools(None) == [
        checks.Error(
            "APP__DATABASE_MIN_CONNECTIONS is 5, more than "
            "APP__DATABASE_MAX_CONNECTIONS, which is 4.",
            hint="Make the minimum no larger than the maximum.",
            id="dbops.E001",
        )
    ]


def test_a_pool_with_lasting_connections_is_an_error(monkeypatch):
    database = connections["default"].settings_dict
    monkeypatch.setitem(database["OPTIONS"], "pool", {"max_size": 4})
    monkeypatch.setitem(database, "CONN_MAX_AGE", 60)
    assert check_pools(None) == [
        checks.Error(
            "The database 'default' has a pool and CONN_MAX_AGE.",
            hint="Set its CONN_MAX_AGE to 0: the pool keeps connections open.",
            id="dbops.E002",
        )
    ]


def behind_pooler(monkeypatch, **options):
    database = connections["default"].settings_dict
    monkeypatch.setitem(database, "DISABLE_SERVER_SIDE_CURSORS", value=True)
    monkeypatch.delitem(database["OPTIONS"], "prepare_threshold", raising=False)
    for name, value in options.items():
        monkeypatch.setitem(database["OPTIONS"], name, value)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, []),
        (
            {"pool": {"max_size": 4}},
            [
                checks.Error(
                    "The database 'default' has a pool of its own in front of"
                    " PgBouncer's.",
                    hint="Leave the pool to PgBouncer.",
                    id="dbops.E020",
                )
            ],
        ),
        (
            {"options": "-c statement_timeout=5000"},
            [
                checks.Error(
                    "The database 'default' sends start-up options, which PgBouncer"
                    " refuses.",
                    hint="Take options out of APP__DATABASE_URL.",
                    id="dbops.E020",
                )
            ],
        ),
        (
            {"prepare_threshold": 5},
            [
                checks.Warning(
                    "The database 'default' prepares statements"
                    " (APP__DATABASE_PREPARE_THRESHOLD), which PgBouncer before 1.21"
                    " mixes up.",
                    hint="Unset it, or set PgBouncer's max_prepared_statements above"
                    " 0.",
                    id="dbops.W021",
                )
            ],
        ),
    ],
)
def test_what_pgbouncer_does_not_take_is_found(monkeypatch, options, found):
    behind_pooler(monkeypatch, **options)
    assert check_poolers(None) == found


@pytest.mark.postgresql
def test_without_pgbouncer_all_of_it_is_right(monkeypatch):
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "prepare_threshold", 5)
    assert check_poolers(None) == []


@pytest.mark.django_db
@pytest.mark.postgresql
@pytest.mark.parametrize("options", [{}, {"prepare_threshold": 5}])
def test_preparing_through_a_pooler_that_nobody_named_is_warned_of(options, settings):
    program = find_pgbouncer()
    if program is None:
        pytest.skip("there is no pgbouncer on the PATH")
    settings.DATABASE_POOL = make_pool(max_size=2)
    own = connections["default"].settings_dict
    pooled = separate_connection("default")
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**own)
    with pgbouncer(program, url, own["NAME"]) as port:
        pooled.settings_dict |= {"HOST": "127.0.0.1", "PORT": port, "OPTIONS": options}
        connections["pooled"] = pooled
        try:
            found = check_servers(None, databases=["pooled"])
        finally:
            pooled.close()
            del connections["pooled"]
    assert [each.id for each in found] == ["dbops.W024"] * bool(options)


@pytest.mark.postgresql
@pytest.mark.django_db
def test_without_a_pooler_preparing_is_right(monkeypatch, settings):
    settings.DATABASE_POOL = make_pool(max_size=2)
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "prepare_threshold", 5)
    assert check_servers(None, databases=["default"]) == []


@pytest.mark.sqlite
def test_pgbouncer_without_a_server_is_warned_of(settings):
    settings.DATABASE_PGBOUNCER = True
    assert check_poolers(None) == [
        checks.Warning(
            "APP__DATABASE_PGBOUNCER is set, and the database 'default' is SQLite, "
            "which has no server.",
            hint="Unset it, or set APP__DATABASE_URL=postgres://….",
            id="dbops.W022",
        )
    ]


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_time_limit_that_pgbouncer_keeps_back_is_warned_of(monkeypatch, settings):
    settings.DATABASE_POOL = make_pool(max_size=2)
    behind_pooler(monkeypatch)
    (found,) = check_servers(None, databases=["default"])
    assert found.id == "dbops.W023"
    assert found.msg == (
        "Statements of the database 'default' have no time limit: PgBouncer does not "
        "pass APP__DATABASE_STATEMENT_TIMEOUT on."
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30s'")
    assert check_servers(None, databases=["default"]) == []


@pytest.mark.sqlite
def test_sqlite_in_production_is_warned_of(settings):
    settings.ENVIRONMENT = "production"
    assert check_installation(None) == [
        checks.Warning(
            "The database 'default' is SQLite in production: it has one writer at a "
            "time and one machine.",
            hint="Set APP__DATABASE_URL=postgres://….",
            id="dbops.W003",
        )
    ]


@pytest.mark.postgresql
def test_postgresql_in_production_is_right(settings):
    settings.ENVIRONMENT = "production"
    assert check_installation(None) == []


def test_auto_migrate_in_production_is_warned_of(settings):
    settings.ENVIRONMENT = "production"
    settings.AUTO_MIGRATE = True
    assert check_installation(None)[-1] == checks.Warning(
        "APP__AUTO_MIGRATE is set in production, where it does nothing.",
        hint="Unset it, and run `manage.py migrate` before each start.",
        id="dbops.W004",
    )


@pytest.mark.django_db
def test_without_being_asked_no_database_is_opened(monkeypatch):
    def ensure_connection(self: BaseDatabaseWrapper) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", ensure_connection)
    assert check_servers(None) == []
    assert list(check_servers.tags) == ["database"]


@pytest.mark.django_db
def test_a_server_that_does_not_answer_is_told(monkeypatch):
    def ensure_connection(self: BaseDatabaseWrapper) -> None:
        raise OperationalError("connection refused\nsecond line")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", ensure_connection)
    assert check_servers(None, databases=["default"]) == [
        checks.Warning(
            "The database 'default' does not answer, so it was not checked: "
            "connection refused",
            hint="Start its server or create it, or correct APP__DATABASE_URL.",
            id="dbops.W007",
        )
    ]


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_too_old_is_an_error(monkeypatch):
    connection.close()
    monkeypatch.setattr(base, "RAN_DB_VERSION_CHECK", set())
    monkeypatch.setattr(type(connection.features), "minimum_database_version", (99,))
    (found,) = check_servers(None, databases=["default"])
    connection.close()
    assert found.id == "dbops.E006"
    assert found.msg.startswith(
        f"The database 'default' is too old: {connection.display_name} 99 or later"
    )


@pytest.mark.django_db
@pytest.mark.postgresql
def test_more_connections_than_the_server_has_are_warned_of(settings):
    settings.DATABASE_POOL = make_pool(max_size=10_000)
    settings.WEB_PROCESSES = 2
    (found,) = check_servers(None, databases=["default"])
    assert found.id == "dbops.W005"
    assert found.msg.startswith(
        "WEB_CONCURRENCY times APP__DATABASE_MAX_CONNECTIONS is 20000; the server of "
    )


@pytest.mark.django_db
def test_a_few_connections_are_right_on_every_engine(settings):
    settings.DATABASE_POOL = make_pool(max_size=2)
    settings.WEB_PROCESSES = 2
    assert check_servers(None, databases=["default"]) == []
