"""The shop and the bucket, as the tests of dbops have them."""

from __future__ import annotations

from tests.dbops.conftest import backup_folder, entries, fakes, shop
from tests.dbops.s3.conftest import bucket, client, server

__all__ = ["backup_folder", "bucket", "client", "entries", "fakes", "server", "shop"]
