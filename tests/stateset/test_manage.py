from __future__ import annotations

import pytest

from deploy.dev.ports import free_port
from tests.stateset.programs import ROOT, manage, settings_of, silent_server

# Each test names a database of its own, so one engine is enough.
pytestmark = pytest.mark.sqlite

GOOD_SECRET = "kZ3xQ9vB7nM1wE5rT8yU2iO6pA4sD0fGhJ-lLcVbNmQwErTyUiOp"
PRODUCTION = {
    "APP__ENVIRONMENT": "production",
    "APP__SECRET_KEY": GOOD_SECRET,
    "APP__ALLOWED_HOSTS": "shop.example",
    "APP__DATABASE_URL": "postgres://ann@db.invalid/shop",
    "APP__REDIS_URL": "redis://localhost:1/0",
}


def test_production_settings_pass_the_checks_for_deployment(tmp_path):
    checked = manage("check", "--deploy", folder=tmp_path, **PRODUCTION)
    assert checked.stderr == ""
    assert checked.stdout == "System check identified no issues (0 silenced).\n"
    assert checked.returncode == 0


def test_production_without_a_secret_is_refused(tmp_path):
    checked = manage("check", folder=tmp_path, **{**PRODUCTION, "APP__SECRET_KEY": ""})
    assert checked.returncode == 1
    assert checked.stderr == (
        "The settings are wrong.\n"
        "  why: APP__SECRET_KEY is not set: in production it must be, directly or by "
        "APP__SECRET_KEY_FILE. Make one with `openssl rand -base64 48`.\n"
    )


@pytest.mark.parametrize("command", ["migrate", "backup"])
def test_a_wrong_setting_is_told_without_a_traceback(tmp_path, command):
    run = manage(command, folder=tmp_path, APP__DATABASE_URL="mysql://ann:pw@db/shop")
    assert run.returncode == 1
    assert run.stderr == (
        "The settings are wrong.\n"
        "  why: APP__DATABASE_URL has the scheme 'mysql': allowed are postgres://, "
        "postgresql:// and sqlite://.\n"
    )


@pytest.mark.parametrize("command", ["showmigrations", "shell"])
def test_a_missing_file_is_told_and_not_created(tmp_path, command):
    path = tmp_path / "stateset.db"
    arguments = ["-c", "User.objects.count()"] if command == "shell" else []
    run = manage(
        command, *arguments, folder=tmp_path, APP__DATABASE_URL=f"sqlite:///{path}"
    )
    assert run.returncode == 1
    assert run.stderr.endswith(
        "The database 'default' does not answer.\n"
        f"  why: database file {path} is not there; `manage.py migrate` creates it\n"
        "  fix: start its server or create it, or correct APP__DATABASE_URL; then "
        "`python manage.py check --database default` tells more\n"
    )
    assert "Traceback" not in run.stderr
    assert not path.exists()


def test_migrate_creates_the_file_where_the_url_says(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "stateset.db"
    run = manage(
        *("migrate", "auth", "--verbosity=0"),
        folder=tmp_path,
        APP__DATABASE_URL=f"sqlite:{path}",
    )
    assert run.stderr == ""
    assert run.returncode == 0
    assert path.is_file()
    assert not (tmp_path / "stateset.db").exists()


def test_an_unreachable_server_is_told_without_the_password(tmp_path):
    port = free_port()
    run = manage(
        "migrate",
        folder=tmp_path,
        APP__DATABASE_URL=f"postgres://ann:hunter2@127.0.0.1:{port}/shop",
    )
    assert run.returncode == 1
    assert "The database 'default' does not answer.\n  why: " in run.stderr
    assert "Connection refused" in run.stderr
    assert "hunter2" not in run.stderr
    assert "Traceback" not in run.stderr


def test_checks_of_a_server_that_hangs_end_and_say_so(tmp_path):
    with silent_server() as port:
        run = manage(
            "check",
            "--database=default",
            folder=tmp_path,
            APP__DATABASE_URL=f"postgres://ann:hunter2@127.0.0.1:{port}/shop",
            APP__DATABASE_CONNECT_TIMEOUT="2s",
        )
    assert run.returncode == 0
    assert "(dbops.W007) The database 'default' does not answer" in run.stderr
    assert "hunter2" not in run.stderr


def test_the_theme_can_be_left_out(tmp_path):
    theme = "[app for app in INSTALLED_APPS if app.startswith('unfold')]"
    assert settings_of(tmp_path, theme, APP__ADMIN_THEME="plain") == "[]"
    assert "unfold" in settings_of(tmp_path, theme)


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (
            "web",
            (
                "stateset-web -c statement_timeout=30000 {'min_size': 2, "
                "'max_size': 7, 'timeout': 30.0, 'max_idle': 600.0, "
                "'max_lifetime': 1800}"
            ),
        ),
        ("command", "stateset-command None None"),
        ("worker", "stateset-worker None None"),
    ],
)
def test_only_a_web_process_has_a_pool_and_a_time_limit(tmp_path, process, expected):
    options = "DATABASES['default']['OPTIONS']"
    found = settings_of(
        tmp_path,
        f"{options}['application_name'], {options}.get('options'), "
        f"{options}.get('pool'), sep=' '",
        STATESET_PROCESS=process,
        APP__DATABASE_URL="postgres://ann@db.invalid/shop",
        APP__DATABASE_MAX_CONNECTIONS="7",
        APP__DATABASE_ACQUIRE_TIMEOUT="30",
    )
    assert found == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"STATESET_PROCESS": "web"}, "0.5"),
        ({"STATESET_PROCESS": "worker"}, "0.5"),
        ({"STATESET_PROCESS": "operation"}, "0.0"),
        ({}, "0.0"),
        ({"APP__SLOW_QUERY": "2s"}, "2.0"),
    ],
)
def test_commands_warn_of_slow_queries_only_if_asked_to(tmp_path, variables, expected):
    assert settings_of(tmp_path, "SLOW_QUERY.total_seconds()", **variables) == expected


def test_relative_paths_are_taken_from_the_project_not_from_here(tmp_path):
    found = settings_of(
        tmp_path,
        "DATABASES['default']['NAME'], BACKUP_DIR",
        APP__DATABASE_URL="sqlite://shop.db?mode=rwc",
        BACKUP_DIR="kept",
    )
    assert found == f"{ROOT}/shop.db {ROOT}/kept"


def test_backups_go_to_a_bucket_when_one_is_named(tmp_path):
    storage = "STORAGES['backups']"
    local = settings_of(tmp_path, storage, BACKUP_DIR="/srv/kept")
    assert "FileSystemStorage" in local
    assert "'/srv/kept'" in local
    remote = settings_of(
        tmp_path,
        storage,
        AWS_S3_BUCKET="kept",
        AWS_S3_ENDPOINT_URL="https://s3.example",
    )
    assert "'storages.backends.s3.S3Storage'" in remote
    assert "'bucket_name': 'kept', 'endpoint_url': 'https://s3.example'" in remote


def test_without_redis_tasks_run_inline(tmp_path):
    facts = "CELERY_TASK_ALWAYS_EAGER, CACHES['default']['BACKEND']"
    assert settings_of(tmp_path, facts) == (
        "True django.core.cache.backends.locmem.LocMemCache"
    )
    assert settings_of(tmp_path, facts, APP__REDIS_URL="redis://localhost/0") == (
        "False django.core.cache.backends.redis.RedisCache"
    )
