"""A restore on a server that lacks what the dump stands on."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from django.db import connections

from dbops.backups.create import create_backup
from dbops.backups.manifest import Manifest, write_manifest
from dbops.backups.restore import restore_backup
from dbops.backups.storage import backup_storage
from dbops.engines.postgresql.extensions import refused_extensions
from dbops.errors import RestoreRefusedError
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.postgresql


@pytest.fixture
def readers(shop: Shop) -> tuple[str, str]:
    """Give rights to two roles that are gone when the backup comes back."""
    token = secrets.token_hex(3)
    names = f"reader_{token}", f'Odd " {token}'
    first, second = (f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)
    shop.run(f"CREATE ROLE {first}; CREATE ROLE {second}")
    shop.run(f"GRANT SELECT ON orders TO {first} WITH GRANT OPTION")
    shop.run(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {second}"
    )
    create_backup(alias=ALIAS, verify="none")
    shop.run(f"DROP OWNED BY {first}, {second}; DROP ROLE {first}, {second}")
    return first, second


def refusal(shop: Shop) -> RestoreRefusedError:
    before = shop.databases()
    with pytest.raises(RestoreRefusedError) as caught:
        restore_backup(alias=ALIAS, into=shop.new_name())
    assert shop.databases() == before
    return caught.value


def test_roles_that_are_missing_are_all_named_before_anything_is_made(
    shop: Shop, readers: tuple[str, str]
) -> None:
    first, second = readers
    error = refusal(shop)
    assert error.what == "The backup was not restored; nothing was made."
    listed = "; ".join(f"role {name}" for name in sorted(readers))
    assert error.why == f"it stands on what this server does not have: {listed}"
    shop.run(f"CREATE ROLE {first}; CREATE ROLE {second}")
    try:
        restore_backup(alias=ALIAS, into=shop.new_name())
        may = "SELECT has_table_privilege(rolname, 'orders', 'SELECT') FROM pg_roles"
        name = first.strip('"')
        assert shop.run(f"{may} WHERE rolname = '{name}'", shop.new_name()) == [(True,)]
    finally:
        shop.run(f'DROP DATABASE IF EXISTS "{shop.new_name()}"', "postgres")
        shop.run(f"DROP ROLE {first}, {second}")


def test_a_locale_that_the_server_has_not_is_told(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    properties = {**manifest.contents.properties, "collate": "xx_XX.UTF-8"}
    promise(
        replace(manifest, contents=replace(manifest.contents, properties=properties))
    )
    assert 'xx_XX.UTF-8"' in refusal(shop).why


def promise(manifest: Manifest) -> None:
    """Have the manifest say something else than it did."""
    backup_storage().put(manifest.name, write_manifest(manifest))


def test_an_extension_that_is_not_installed_is_left_out(shop: Shop) -> None:
    found = refused_extensions(connections[ALIAS], ["plpgsql", "no_such_extension"])
    assert "no_such_extension" in found
    assert "plpgsql" not in found
