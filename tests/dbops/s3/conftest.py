"""A bucket of our own for each test, in one server for all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from dbops.backups.storage import BackupStorage, backup_storage, s3_writing
from tests.services.s3 import S3Server, s3_server

# The smallest that S3 takes.
PART = 5 * 1024 * 1024
OPENED: list[Any] = []


@dataclass(frozen=True)
class TestBucket:
    """A bucket, seen past our own code."""

    __test__ = False

    name: str
    server: S3Server
    client: Any

    def keys(self) -> list[str]:
        """Return what is in it, by full keys."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [each["Key"] for each in found]

    def uploads(self) -> list[str]:
        """Return what has been begun and neither completed nor ended."""
        found = self.client.list_multipart_uploads(Bucket=self.name)
        return [each["Key"] for each in found.get("Uploads", [])]

    def content(self, key: str) -> bytes:
        """Return one object as it is stored."""
        found = self.client.get_object(Bucket=self.name, Key=key)
        content: bytes = found["Body"].read()
        return content

    def replace(self, key: str, content: bytes) -> None:
        """Store an object as somebody else would."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def variables(self, **changes: str) -> dict[str, str]:
        """Return what an operator would set to have backups go here."""
        return {
            "AWS_S3_BUCKET": self.name,
            "AWS_S3_ENDPOINT_URL": self.server.url,
            "AWS_ACCESS_KEY_ID": self.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_key,
            **changes,
        }


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    """Give an S3 server that belongs to the tests: http://key:secret@host:port."""
    if given := os.environ.get("TEST_S3_URL"):
        yield S3Server.of(given)
        return
    with s3_server() as started:
        yield started


@pytest.fixture(scope="session")
def client(server: S3Server) -> Any:
    """Return what reaches the server past our own code."""
    return client_of(server)


def client_of(server: S3Server) -> Any:
    """Return a client of boto3's own making."""
    return boto3.client(
        "s3",
        endpoint_url=server.url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
    )


@pytest.fixture(autouse=True)
def _no_open_connection() -> Iterator[None]:
    """Close what our code has opened to reach a bucket: a command ends instead."""
    OPENED.clear()
    yield
    for place in OPENED:
        if connection := getattr(place._connections, "connection", None):
            connection.meta.client.close()


@pytest.fixture
def bucket(server: S3Server, client: Any, settings: Settings) -> TestBucket:
    """Have backups go to a new bucket."""
    made = TestBucket(f"test-{secrets.token_hex(6)}", server, client)
    made.client.create_bucket(Bucket=made.name)
    go_to(settings, made)
    return made


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have little content go through in parts already."""
    monkeypatch.setattr(s3_writing, "SMALL_PART", PART)
    monkeypatch.setattr(s3_writing, "LARGE_PART", 2 * PART)


@pytest.fixture
def storage(bucket: TestBucket) -> BackupStorage:
    """Return the bucket as our code sees it."""
    return backup_storage()


def go_to(settings: Settings, bucket: TestBucket, **changes: Any) -> BackupStorage:
    """Have backups go to a bucket, reached in other ways than usual."""
    options = {
        "bucket_name": bucket.name,
        "endpoint_url": bucket.server.url,
        "access_key": bucket.server.access_key,
        "secret_key": bucket.server.secret_key,
        "addressing_style": "path",
        "location": "backups",
        **changes,
    }
    place = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "backups": place}
    OPENED.append(storages["backups"])
    return backup_storage()
