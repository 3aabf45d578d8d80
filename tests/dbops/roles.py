"""Roles of little power that a test works as."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from tests.dbops.shop import ALIAS, Shop

PASSWORD = "let me in"


@contextmanager
def weak_role(shop: Shop) -> Iterator[str]:
    """Let the project work as a role that may enter and nothing else."""
    settings = connections[ALIAS].settings_dict
    before = dict(settings)
    role = f"Weak {shop.name[-8:]}"
    shop.run(f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{PASSWORD}'")
    settings |= {"USER": role, "PASSWORD": PASSWORD}
    try:
        yield role
    finally:
        settings |= before
        shop.run(f'DROP ROLE "{role}"')
