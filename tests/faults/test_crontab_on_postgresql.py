"""Every line of deploy/crontab on PostgreSQL; tests/deploy has it on SQLite."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from tests.deploy.crontab import Machine, read_crontab
from tests.services.postgresql import find_programs
from tests.stateset.programs import new_database
from tests.threads import close_kept


@pytest.mark.postgresql
@pytest.mark.django_db
def test_every_line_runs_on_postgresql_too(tmp_path: Path) -> None:
    test_database = connections["default"].settings_dict["NAME"]
    connections["default"].close()
    close_kept()
    with new_database(tmp_path) as url:
        name = url.rpartition("/")[2]
        with psycopg.connect(
            os.environ["TEST_DATABASE_URL"], autocommit=True
        ) as server:
            server.execute(f'DROP DATABASE "{name}"'.encode())
            copy = f'CREATE DATABASE "{name}" TEMPLATE "{test_database}"'
            server.execute(copy.encode())
        machine = Machine(tmp_path, url, {"PG_BIN": str(find_programs())})
        machine.install()
        _, entries = read_crontab()
        troubles = [found for each in entries if (found := machine.trouble_of(each))]
    assert not troubles, "\n".join(troubles)
