"""One shop for all tests of a module, since they only look; a role without rights."""

from __future__ import annotations

import copy
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.dbops.shop import ALIAS, MAKERS, Shop

PLAIN = "plain"


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Shop]:
    """Make a database once; what a test leaves in it, the next one finds."""
    folder = tmp_path_factory.mktemp("shop")
    with (
        django_db_blocker.unblock(),
        MAKERS[connections["default"].vendor](folder, folder / "backups") as made,
    ):
        yield made


@pytest.fixture
def roomy_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have half of the disk free, however full that of this machine is."""
    usage = shutil.disk_usage(tmp_path)
    half = usage._replace(used=usage.total // 2, free=usage.total // 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: half)


@pytest.fixture
def plain_role(shop: Shop) -> Iterator[str]:
    """Make a role that may log in and nothing else; the alias ``plain`` is it."""
    role, password = f"plain_{secrets.token_hex(4)}", secrets.token_hex(8)
    shop.run(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'", "postgres")
    settings = copy.deepcopy(connections[ALIAS].settings_dict)
    connections.databases[PLAIN] = {**settings, "USER": role, "PASSWORD": password}
    try:
        yield role
    finally:
        connections[PLAIN].close()
        del connections[PLAIN]
        del connections.databases[PLAIN]
        shop.run(f"DROP ROLE {role}", "postgres")
