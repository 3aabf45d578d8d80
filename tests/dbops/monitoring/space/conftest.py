"""A shop for each test, since these make tables and indexes of their own."""

from __future__ import annotations

from tests.dbops.conftest import shop

__all__ = ["shop"]
