from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dbops.engines.tuning import Pool, Tuning
from stateset.database_settings import read_database, read_drill_database

ROOT = Path("/srv/stateset")
TUNING = Tuning(application_name="stateset-test", connect_timeout=5)
NAMES = ("DB_TYPE", "DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME")
POSTGRESQL = "django.db.backends.postgresql"
SQLITE = "dbops.engines.sqlite.backend"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch):
    for name in ("APP__DATABASE_URL", *NAMES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def read(monkeypatch, url="", *, tuning=TUNING, **parts):
    for name, value in {"APP__DATABASE_URL": url, **parts}.items():
        monkeypatch.setenv(name, value)
    return read_database(ROOT, tuning)


def refused(monkeypatch, url="", **parts) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        read(monkeypatch, url, **parts)
    return str(caught.value)


def test_without_any_variable_the_database_is_a_file_in_the_project(monkeypatch):
    database = read(monkeypatch)
    assert database["ENGINE"] == SQLITE
    assert database["NAME"] == "/srv/stateset/stateset.db"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite://stateset.db?mode=rwc", "/srv/stateset/stateset.db"),
        ("sqlite://data/stateset.db", "/srv/stateset/data/stateset.db"),
        ("sqlite:stateset.db", "/srv/stateset/stateset.db"),
        ("sqlite:///stateset.db", "/srv/stateset/stateset.db"),
        ("sqlite:////var/lib/stateset.db", "/var/lib/stateset.db"),
        ("sqlite:/var/lib/stateset.db", "/var/lib/stateset.db"),
        ("sqlite://my%20shop%3F.db", "/srv/stateset/my shop?.db"),
        ("sqlite::memory:", ":memory:"),
        ("sqlite://:memory:", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite://stateset.db?mode=memory", ":memory:"),
    ],
)
def test_every_form_of_an_sqlite_url_names_its_file(monkeypatch, url, name):
    assert read(monkeypatch, url)["NAME"] == name


@pytest.mark.parametrize("mode", ["rwc", "rw", "ro"])
def test_the_mode_of_an_sqlite_url_is_kept(monkeypatch, mode):
    options = read(monkeypatch, f"sqlite://stateset.db?mode={mode}")["OPTIONS"]
    assert options["mode"] == mode


def test_sqlite_is_set_up_for_real_use(monkeypatch):
    options = read(monkeypatch, "sqlite://stateset.db")["OPTIONS"]
    assert options == {
        "mode": "rwc",
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
        "PRAGMA recursive_triggers = ON; PRAGMA secure_delete = ON",
    }


def test_a_readonly_file_is_not_told_to_write(monkeypatch):
    options = read(monkeypatch, "sqlite://stateset.db?mode=ro")["OPTIONS"]
    assert options == {"mode": "ro", "timeout": 20}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_postgresql_url_is_taken_apart(monkeypatch, scheme):
    url = f"{scheme}://ann%40shop:p%40ss%2Fw%3Ard%25@db.example:6432/my%20shop"
    database = read(monkeypatch, url)
    assert database == {
        "ENGINE": POSTGRESQL,
        "NAME": "my shop",
        "USER": "ann@shop",
        "PASSWORD": "p@ss/w:rd%",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {
            "application_name": "stateset-test",
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "tcp_user_timeout": 30000,
        },
    }


@pytest.mark.parametrize(
    ("place", "host", "port"),
    [
        ("localhost", "localhost", ""),
        ("[::1]:5433", "::1", "5433"),
        ("[fe80::1%25eth0]", "fe80::1%eth0", ""),
        ("a:5432,b:5433,c", "a,b,c", "5432,5433,5432"),
        ("[::1]:1,[::2]", "::1,::2", "1,5432"),
        ("%2Fvar%2Frun%2Fpostgresql", "/var/run/postgresql", ""),
        ("", "", ""),
    ],
)
def test_every_form_of_host_and_port_is_understood(monkeypatch, place, host, port):
    database = read(monkeypatch, f"postgres://ann:pw@{place}/shop")
    assert (database["HOST"], database["PORT"]) == (host, port)


def test_the_arguments_of_a_postgresql_url_reach_the_driver(monkeypatch):
    database = read(
        monkeypatch,
        "postgres:///shop?host=/var/run/postgresql&user=ann&port=5433"
        "&sslmode=verify-full&target_session_attrs=read-write&connect_timeout=3"
        "&application_name=back+office&options=-c%20work_mem%3D64MB"
        "&keepalives_idle=60&tcp_user_timeout=5000",
    )
    assert database["HOST"] == "/var/run/postgresql"
    assert database["USER"] == "ann"
    assert database["PORT"] == "5433"
    assert database["OPTIONS"] == {
        "sslmode": "verify-full",
        "target_session_attrs": "read-write",
        "connect_timeout": "3",
        "application_name": "back+office",
        "options": "-c work_mem=64MB",
        "keepalives_idle": "60",
        "tcp_user_timeout": "5000",
    }


def test_the_time_limit_of_statements_is_a_start_option(monkeypatch):
    tuning = Tuning(application_name="x", connect_timeout=5, statement_timeout=30)
    plain = read(monkeypatch, "postgres://db/shop", tuning=tuning)
    assert plain["OPTIONS"]["options"] == "-c statement_timeout=30000"
    own = "postgres://db/shop?options=-c%20statement_timeout%3D5000"
    told = read(monkeypatch, own, tuning=tuning)
    assert told["OPTIONS"]["options"] == (
        "-c statement_timeout=30000 -c statement_timeout=5000"
    )


def test_the_pool_is_set_up_from_its_limits(monkeypatch):
    limits = Pool(min_size=2, max_size=9, acquire_timeout=8, idle_timeout=60)
    tuning = Tuning(application_name="x", connect_timeout=5, pool=limits)
    database = read(monkeypatch, "postgres://db/shop", tuning=tuning)
    assert database["OPTIONS"]["pool"] == {
        "min_size": 2,
        "max_size": 9,
        "timeout": 8,
        "max_idle": 60,
        "max_lifetime": 1800,
    }


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "mysql://ann:hunter2@db/shop",
            (
                "APP__DATABASE_URL has the scheme 'mysql': allowed are postgres://, "
                "postgresql:// and sqlite://."
            ),
        ),
        (
            "hunter2:hunter2",
            (
                "APP__DATABASE_URL has no scheme: allowed are postgres://, "
                "postgresql:// and sqlite://."
            ),
        ),
        (
            "stateset.db",
            (
                "APP__DATABASE_URL has no scheme: allowed are postgres://, "
                "postgresql:// and sqlite://."
            ),
        ),
        (
            "sqlite://",
            (
                "APP__DATABASE_URL names no file: allowed are sqlite://stateset.db, "
                "sqlite:////srv/stateset.db and sqlite::memory:."
            ),
        ),
        (
            "sqlite://stateset.db?mode=rx",
            "APP__DATABASE_URL has mode='rx': allowed are rwc, rw, ro, memory.",
        ),
        (
            "sqlite://stateset.db?cache=shared",
            "APP__DATABASE_URL has the argument 'cache': allowed for sqlite is mode.",
        ),
        (
            "postgres://ann:hunter2@db/",
            (
                "APP__DATABASE_URL names no database: allowed is "
                "postgres://user:password@host:5432/name."
            ),
        ),
        (
            "postgres://ann:pw@db:70000/shop",
            (
                "APP__DATABASE_URL has a port that is no number from 1 to 65535: "
                "allowed is postgres://user:password@host:5432/name, where ':', '/', "
                "'?' and '@' inside of a part are written %3A, %2F, %3F and %40."
            ),
        ),
    ],
)
def test_a_wrong_url_is_refused_with_what_is_allowed(monkeypatch, url, message):
    told = refused(monkeypatch, url)
    assert told == message
    assert "hunter2" not in told


def test_a_misspelt_argument_is_refused_with_the_one_meant(monkeypatch):
    told = refused(monkeypatch, "postgres://db/shop?ssl_mode=require")
    assert told.startswith(
        "APP__DATABASE_URL has the argument 'ssl_mode': allowed for postgres are "
        "application_name, "
    )
    assert told.endswith(" Did you mean sslmode?")


@pytest.mark.parametrize("password", ["quo/vadis", "12/34", "12?34", "quo?vadis"])
def test_no_piece_of_an_unescaped_password_is_shown(monkeypatch, password):
    told = refused(monkeypatch, f"postgres://ann:{password}@db:5433/shop")
    assert told == (
        "APP__DATABASE_URL has an '@' after its host: allowed is "
        "postgres://user:password@host:5432/name, where ':', '/', '?' and '@' "
        "inside of a part are written %3A, %2F, %3F and %40."
    )


def test_the_parts_build_the_database_where_the_url_is_unset(monkeypatch):
    database = read(
        monkeypatch,
        DB_TYPE="postgres",
        DB_HOST="db",
        DB_PORT="5433",
        DB_USER="ann",
        DB_PASSWORD="p@ss/w",
        DB_NAME="shop",
    )
    expected = read(monkeypatch, "postgres://ann:p%40ss%2Fw@db:5433/shop")
    assert database == expected


def test_the_parts_build_an_sqlite_database_too(monkeypatch):
    assert read(monkeypatch, DB_TYPE="sqlite")["NAME"] == "/srv/stateset/stateset.db"
    database = read(monkeypatch, DB_TYPE="sqlite", DB_NAME="/var/lib/shop.db")
    assert database["NAME"] == "/var/lib/shop.db"


def test_a_password_from_a_file_completes_a_url_without_one(monkeypatch, tmp_path):
    file = tmp_path / "password"
    file.write_text("hunter2\n")
    monkeypatch.setenv("DB_PASSWORD_FILE", str(file))
    database = read(monkeypatch, "postgres://ann@db/shop")
    assert database["PASSWORD"] == "hunter2"


def test_the_whole_url_may_come_from_a_file(monkeypatch, tmp_path):
    file = tmp_path / "url"
    file.write_text("postgres://ann:hunter2@db/shop\n")
    monkeypatch.setenv("APP__DATABASE_URL_FILE", str(file))
    assert read(monkeypatch)["PASSWORD"] == "hunter2"


def test_url_and_parts_may_both_be_set_when_they_agree(monkeypatch):
    database = read(
        monkeypatch,
        "postgres://ann:pw@db/shop",
        DB_TYPE="postgres",
        DB_HOST="db",
        DB_USER="ann",
        DB_NAME="shop",
    )
    assert database["NAME"] == "shop"


def test_an_sqlite_url_and_the_name_of_its_file_agree(monkeypatch):
    database = read(monkeypatch, "sqlite://stateset.db", DB_NAME="stateset.db")
    assert database["NAME"].endswith("/stateset.db")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_TYPE", "sqlite"),
        ("DB_HOST", "elsewhere"),
        ("DB_PORT", "5433"),
        ("DB_USER", "bob"),
        ("DB_PASSWORD", "hunter2"),
        ("DB_NAME", "other"),
    ],
)
def test_url_and_parts_that_differ_are_refused(monkeypatch, name, value):
    told = refused(monkeypatch, "postgres://ann:pw@db:5432/shop", **{name: value})
    assert told == (
        f"APP__DATABASE_URL and {name} name different databases: "
        "set only one of them, or make them agree."
    )


def test_parts_without_a_known_type_are_refused(monkeypatch):
    assert refused(monkeypatch, DB_HOST="db") == (
        "DB_TYPE is not set, but DB_HOST is: "
        "allowed is one of postgres, postgresql, sqlite."
    )
    assert refused(monkeypatch, DB_TYPE="mysql") == (
        "DB_TYPE is 'mysql': allowed is one of postgres, postgresql, sqlite."
    )


def test_behind_pgbouncer_nothing_is_asked_of_a_session(monkeypatch):
    tuning = replace(
        TUNING,
        statement_timeout=30,
        pool=Pool(min_size=1, max_size=2, acquire_timeout=1, idle_timeout=1),
        is_behind_pooler=True,
    )
    database = read(monkeypatch, "postgres://ann:pw@db/shop", tuning=tuning)
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert database["OPTIONS"] == {
        "application_name": "stateset-test",
        "connect_timeout": 5,
        "keepalives_idle": 30,
        "tcp_user_timeout": 30000,
    }


def test_statements_are_prepared_from_a_threshold_on(monkeypatch):
    tuning = replace(TUNING, prepare_threshold=5)
    database = read(monkeypatch, "postgres://ann:pw@db/shop", tuning=tuning)
    assert database["OPTIONS"]["prepare_threshold"] == 5
    assert database["OPTIONS"]["server_side_binding"] is True


def test_sqlite_has_neither_pooler_nor_threshold(monkeypatch):
    tuning = replace(TUNING, prepare_threshold=5, is_behind_pooler=True)
    url = "sqlite://stateset.db"
    assert read(monkeypatch, url, tuning=tuning) == read(monkeypatch, url)


def test_the_database_of_drills_is_read_as_the_other_and_of_its_engine(monkeypatch):
    def read_drill(url: str):
        monkeypatch.setenv("APP__DRILL_DATABASE_URL", url)
        return read_drill_database(ROOT, TUNING, POSTGRESQL)

    assert read_drill("") == {}
    assert read_drill("postgres://ann:pw@drills/shop")["HOST"] == "drills"
    for url, message in (
        ("postgres://drills", "APP__DRILL_DATABASE_URL names no database: "),
        ("mysql://drills/shop", "APP__DRILL_DATABASE_URL has the scheme 'mysql': "),
        ("sqlite://x.db", "APP__DRILL_DATABASE_URL is of another engine than the "),
    ):
        with pytest.raises(ImproperlyConfigured, match=message):
            read_drill(url)
