"""Where backups of the fault tests go: a folder and a bucket, encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.dbops.backups.test_encryption import make_identity
from tests.dbops.s3.conftest import client_of
from tests.services.s3 import S3Server, s3_server


@contextmanager
def bucket_server(bucket: str) -> Iterator[S3Server]:
    """Run an S3 server with one bucket."""
    with s3_server() as server:
        client_of(server).create_bucket(Bucket=bucket)
        yield server


def two_places_encrypted(s3: S3Server, bucket: str, folder: Path) -> dict[str, str]:
    """Return what an operator sets for that; the new identity is in ``folder``."""
    identity, recipient = make_identity(folder, "identity.txt")
    return {
        "APP__BACKUP_LOCATIONS": "local,s3",
        "APP__BACKUP_AGE_RECIPIENTS": recipient,
        "APP__BACKUP_AGE_IDENTITY_FILE": str(identity),
        "AWS_S3_BUCKET": bucket,
        "AWS_S3_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
    }
