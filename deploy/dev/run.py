"""What ``make run`` does once there is a .venv: prepare, then start everything.

Whatever is there already is kept: the database, its data, the login, the backups.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings  # noqa: TID251 -- it starts the apps that read them
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from deploy.dev.ports import HOST, free_port, web_port
from deploy.dev.redis_program import configuration, find_redis_server
from deploy.dev.with_parent import end_with_parent
from stateset.demo.errors import DemoRefusedError
from stateset.lib.errors import StatesetError
from stateset.lib.progress import told_in_lines

EMAIL = "admin@localhost"
FIRST_ORDERS = 300
"""Enough to look lived in, and made in a minute or two; seed_demo makes 1,000."""


def main() -> None:
    """Prepare, say how to log in, and become the program that runs the others."""
    refuse_production()
    port = web_port(os.environ.get("PORT") or "8000")
    settings.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    # An empty one will do: in development files are served from where they lie.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    django.setup()
    prepare_data()
    processes, environment = processes_to_start(port)
    say(f"\nStateSet is starting on http://{HOST}:{port}")
    say(login_hint())
    say("Ctrl-C stops everything; the data stays.\n")
    os.execve(  # noqa: S606 -- honcho takes over: one process less to stop
        sys.executable,
        [sys.executable, "-m", "deploy.dev.start", *processes],
        environment,
    )


def refuse_production() -> None:
    """Raise StatesetError where a real shop runs: demo data is not for it."""
    if settings.IN_PRODUCTION:
        raise StatesetError(
            "Nothing was started.",
            why="APP__ENVIRONMENT is 'production', and make run is for development",
            fix="follow docs/operator.md, or unset APP__ENVIRONMENT",
        )


def prepare_data() -> None:
    """Bring the database up to date; fill a new one, and back it up."""
    if is_new():
        say("Making the tables of a new database: half a minute or less.")
    call_command("migrate", verbosity=0)
    users = apps.get_model("accounts", "User")._default_manager
    if not users.exists():
        say(f"Loading demo data, {FIRST_ORDERS} orders: it takes a minute or two.")
        add_demo_data()
    # Nobody's own database gets an administrator it has not asked for.
    if not users.filter(is_superuser=True).exists():
        make_admin()
    if not backups():
        say("There is no backup yet: taking one and verifying it, in a few seconds.")
        call_command("backup", reason="first backup, taken by make run")


def is_new() -> bool:
    """Return whether the database has no tables at all yet.

    One that cannot be opened is taken for new: SQLite's file is not there before the
    first migrate, which also says what is wrong with a server.
    """
    try:
        return not connection.introspection.table_names()
    except OperationalError:
        return True


def add_demo_data() -> None:
    """Fill a database that has no records; one that was filled by hand stays."""
    try:
        with told_in_lines(say):
            call_command("seed_demo", orders=FIRST_ORDERS)
    except CommandError as error:
        if not isinstance(error.__cause__, DemoRefusedError):
            raise
        say("It has records already: no demo data is added.")


def make_admin() -> None:
    """Make the administrator, with a password that no other installation has."""
    file = password_file()
    if not file.exists():
        write_private(file, secrets.token_urlsafe(15))
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = file.read_text(encoding="utf-8")
    try:
        call_command("createsuperuser", interactive=False, email=EMAIL)
    finally:
        del os.environ["DJANGO_SUPERUSER_PASSWORD"]


def login_hint() -> str:
    """Return how to log in, with the password while it is the one made here."""
    users = apps.get_model("accounts", "User")._default_manager
    user: Any = users.filter(email=EMAIL).first()
    if user is None:
        return "Log in with your own account."
    file = password_file()
    password = file.read_text(encoding="utf-8") if file.exists() else ""
    if user.check_password(password):
        return f"Log in as {EMAIL} with the password {password} (kept in {shown(file)})"
    return (
        f"Log in as {EMAIL} with the password you gave it; another one: "
        f".venv/bin/python manage.py changepassword {EMAIL}"
    )


def password_file() -> Path:
    """Return where the password that ``make run`` made is kept."""
    return settings.VAR_DIR / "admin-password"


def backups() -> list[Any]:
    """Return the backups there are, as ``list_backups`` tells them."""
    output = StringIO()
    call_command("list_backups", as_json=True, stdout=output)
    rows: list[Any] = json.loads(output.getvalue())["rows"]
    return rows


def processes_to_start(port: int) -> tuple[list[str], dict[str, str]]:
    """Return the names of the Procfile to start, and the environment they need."""
    environment = {
        # honcho would read the PORT of make run as its own.
        **{name: value for name, value in os.environ.items() if name != "PORT"},
        "PYTHONUNBUFFERED": "1",
        "VAR_DIR": str(settings.VAR_DIR),
        "WEB_PORT": str(port),
        # A closed terminal ends honcho without a word to what it started.
        "WITH_PARENT": " ".join(end_with_parent("TERM")),
    }
    if settings.REDIS_URL:
        return ["web", "worker", "beat"], environment
    program = find_redis_server()
    if program is None:
        say(
            "Schedules are off and tasks run inside the web process.\n"
            "  why: there is no Redis on the PATH and no wheel that holds one\n"
            "  fix: install redis-server, or set APP__REDIS_URL"
        )
        return ["web"], environment
    environment |= {
        "APP__REDIS_URL_FILE": str(configure_redis()),
        "REDIS_SERVER": str(program),
    }
    return ["web", "worker", "beat", "redis"], environment


def configure_redis() -> Path:
    """Write what our Redis reads; return the file that says how to reach it."""
    password, port, folder = secrets.token_hex(16), free_port(), settings.VAR_DIR
    text = configuration(port=port, password=password, folder=folder)
    write_private(folder / "redis.conf", text)
    write_private(folder / "redis-url", f"redis://default:{password}@{HOST}:{port}/0")
    return folder / "redis-url"


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, at no moment otherwise."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def shown(path: Path) -> Path:
    """Return a path as it is read from the project's folder."""
    return (
        path.relative_to(settings.BASE_DIR)
        if path.is_relative_to(settings.BASE_DIR)
        else path
    )


def say(text: str) -> None:
    """Tell the person at the terminal, before whatever a program says next."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
    try:
        main()
    except (StatesetError, CommandError, ImproperlyConfigured) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nStopped before the start.")
