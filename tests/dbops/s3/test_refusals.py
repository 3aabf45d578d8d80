"""What a service can refuse, in words that tell what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from botocore.config import Config
from pytest_django import Settings

from dbops.backups.storage import BackupStorage
from dbops.errors import StorageError
from tests.dbops.s3.conftest import TestBucket, go_to
from tests.dbops.s3.proxy import Answer, proxy_to
from tests.services.s3 import S3Server

ONCE = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
NOWHERE = TestBucket("nowhere", S3Server("http://127.0.0.1:1", "key", "secret"), None)


def refusal(storage: BackupStorage) -> tuple[str, str]:
    with pytest.raises(StorageError) as caught:
        storage.objects()
    assert caught.value.what == "The backups were not listed."
    return caught.value.why, caught.value.fix


def reached(settings: Settings, bucket: TestBucket, **changes: Any) -> BackupStorage:
    return go_to(settings, bucket, client_config=ONCE, **changes)


@contextmanager
def refusing(code: str, status: int) -> Iterator[str]:
    """Answer everything with one of S3's errors."""
    with proxy_to(NOWHERE.server.url) as proxy:
        proxy.always_refuse(lambda _: True, Answer(status, code, "so it is"))
        yield proxy.url


def test_a_bucket_that_is_not_there(bucket: TestBucket, settings: Settings) -> None:
    storage = reached(settings, replace(bucket, name="not-there"))
    assert refusal(storage) == (
        "s3://not-there/backups: there is no such bucket (NoSuchBucket)",
        "make it, or correct AWS_S3_BUCKET",
    )


def test_an_access_key_that_is_not_known(
    bucket: TestBucket, settings: Settings
) -> None:
    storage = reached(settings, bucket, access_key="nobody")
    assert refusal(storage) == (
        (
            f"s3://{bucket.name}/backups: the service does not know this access key"
            " (InvalidAccessKeyId)"
        ),
        "correct AWS_ACCESS_KEY_ID",
    )


def test_a_secret_key_that_is_wrong(bucket: TestBucket, settings: Settings) -> None:
    storage = reached(settings, bucket, secret_key="wrong-and-secret")
    why, fix = refusal(storage)
    assert why == (
        f"s3://{bucket.name}/backups: the secret key is not that of the access key"
        " (SignatureDoesNotMatch)"
    )
    assert fix == "correct AWS_SECRET_ACCESS_KEY"


def test_no_key_at_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    storage = reached(settings, NOWHERE, access_key=None, secret_key=None)
    assert refusal(storage) == (
        (
            "s3://nowhere/backups: there is no key for the service: Unable to locate"
            " credentials"
        ),
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role",
    )


def test_a_service_that_is_not_there(settings: Settings) -> None:
    assert refusal(reached(settings, NOWHERE)) == (
        (
            "s3://nowhere/backups: the service does not answer: Could not connect to"
            ' the endpoint URL: "http://127.0.0.1:1/nowhere?list-type=2&prefix=backups%2F'
            '&max-keys=1000&encoding-type=url"'
        ),
        "see that it runs, and that AWS_S3_ENDPOINT_URL is right",
    )


def test_an_address_that_is_none(settings: Settings) -> None:
    with pytest.raises(StorageError) as caught:
        reached(settings, NOWHERE, endpoint_url="not an address").objects()
    assert str(caught.value) == (
        "The bucket was not opened.\n"
        "  why: Invalid endpoint: not an address\n"
        "  fix: correct AWS_S3_ENDPOINT_URL: https://host, or http://host:port"
    )


@pytest.mark.parametrize(
    ("code", "status", "why", "fix"),
    [
        (
            "AccessDenied",
            403,
            "this key may not do that",
            "give it the rights of docs/operator.md on this bucket",
        ),
        (
            "RequestTimeTooSkewed",
            403,
            "the clock of this machine is wrong by more than the service accepts",
            "set the clock (timedatectl set-ntp true), then try again",
        ),
        (
            "ExpiredToken",
            400,
            "the session's token has expired",
            "get a new one, then try again",
        ),
        (
            "SlowDown",
            503,
            "the service is overloaded or out of order",
            "try again later, or ask whoever runs it",
        ),
        (
            "AuthorizationHeaderMalformed",
            400,
            "the bucket lies in another region",
            "set AWS_S3_REGION_NAME to the bucket's region",
        ),
        (
            "QuotaExceeded",
            403,
            "the bucket is full",
            "make room in it, or choose another bucket",
        ),
    ],
)
def test_each_refusal_has_words_of_its_own(
    settings: Settings, code: str, status: int, why: str, fix: str
) -> None:
    with refusing(code, status) as url:
        storage = reached(settings, NOWHERE, endpoint_url=url)
        assert refusal(storage) == (f"s3://nowhere/backups: {why} ({code})", fix)


def test_what_we_have_no_words_for_is_quoted(settings: Settings) -> None:
    with refusing("OddMood", 418) as url:
        storage = reached(settings, NOWHERE, endpoint_url=url)
        assert refusal(storage) == (
            "s3://nowhere/backups: OddMood: so it is",
            "see what the service says of it, then try again",
        )


def test_attempts_are_limited(settings: Settings) -> None:
    storage = go_to(settings, NOWHERE)
    attempts = storage._place.client_config.retries  # type: ignore[attr-defined]  # what botocore is told
    assert attempts == {"total_max_attempts": 4, "mode": "standard"}


def test_an_object_that_is_not_there(
    storage: BackupStorage, bucket: TestBucket
) -> None:
    with pytest.raises(StorageError) as caught, storage.open("note.json"):
        pytest.fail("there is nothing to read")
    assert str(caught.value) == (
        "note.json was not read.\n"
        f"  why: s3://{bucket.name}/backups/note.json: it is not there (NoSuchKey)\n"
        "  fix: see what is there with list_backups"
    )
