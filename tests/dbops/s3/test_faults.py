"""A service that fails now and then, lies, or knows less than S3 does."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from pytest_django import Settings

from dbops.backups.catalogue import INCOMPLETE, list_entries
from dbops.backups.create import create_backup
from dbops.backups.prune import prune_backups
from dbops.backups.restore import restore_backup
from dbops.backups.storage import backup_storage
from dbops.errors import BackupNotFoundError, StorageError
from tests.dbops.builders import store_aged
from tests.dbops.s3.conftest import PART, TestBucket, go_to
from tests.dbops.s3.proxy import HANG_UP, Answer, Asked, Proxy, proxy_to
from tests.dbops.s3.test_bucket import STEM, forbid, read, store
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.usefixtures("small_parts")

CONTENT = os.urandom(PART + 7)
BUSY = Answer(503, "SlowDown")
BROKEN = Answer(500, "InternalError")
DENIED = Answer(403, "AccessDenied")
DONE = Answer(200)
ATTEMPTS = 4
NEWER_CHECKSUMS = ("x-amz-checksum-", "x-amz-sdk-checksum-", "x-amz-trailer")


@pytest.fixture
def proxy(
    bucket: TestBucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxy]:
    """Have backups go to the bucket through a proxy, and not wait between attempts."""
    backoff = "botocore.retries.standard.ExponentialBackoff.delay_amount"
    monkeypatch.setattr(backoff, lambda _self, _context: 0)
    with proxy_to(bucket.server.url) as proxy:
        go_to(settings, bucket, endpoint_url=proxy.url)
        yield proxy


def is_object(asked: Asked) -> bool:
    return asked.verb == "PUT" and asked.path.endswith(f"{STEM}.db")


def is_part(asked: Asked) -> bool:
    return asked.verb == "PUT" and "partNumber=" in asked.path


def is_of_manifest(asked: Asked) -> bool:
    return asked.verb == "PUT" and asked.path.endswith(".manifest.json")


def is_listing_of_all(asked: Asked) -> bool:
    return "list-type=2" in asked.path and "prefix=backups%2F&" in asked.path


def is_short_listing(asked: Asked) -> bool:
    return "list-type=2" in asked.path and not is_listing_of_all(asked)


def refusal(content: bytes = CONTENT) -> StorageError:
    with pytest.raises(StorageError) as caught:
        store(backup_storage(), content)
    assert caught.value.what == f"{STEM}.db was not written."
    return caught.value


def test_a_part_that_is_refused_for_a_while_arrives(
    bucket: TestBucket, proxy: Proxy
) -> None:
    proxy.refuse(is_part, BUSY, HANG_UP, BROKEN)
    store(backup_storage(), CONTENT)
    assert read(backup_storage(), f"{STEM}.db") == CONTENT
    assert proxy.count(is_part) == ATTEMPTS + 1
    assert bucket.uploads() == []


@pytest.mark.parametrize(
    ("answer", "attempts", "why"),
    [
        (BUSY, ATTEMPTS, "the service is overloaded or out of order (SlowDown)"),
        (HANG_UP, ATTEMPTS, "the connection broke: "),
        (
            Answer(400, "ExpiredToken"),
            1,
            "the session's token has expired (ExpiredToken)",
        ),
    ],
)
def test_a_part_that_never_arrives_is_tried_so_often_and_leaves_nothing(
    bucket: TestBucket, proxy: Proxy, answer: Answer, attempts: int, why: str
) -> None:
    proxy.always_refuse(is_part, answer)
    assert why in refusal().why
    assert proxy.count(is_part) == attempts
    assert (bucket.keys(), bucket.uploads()) == ([], [])


def test_what_is_said_to_be_stored_and_is_not_there_is_no_backup(
    bucket: TestBucket, proxy: Proxy
) -> None:
    proxy.always_refuse(is_object, DONE)
    assert "it is not there (404)" in refusal(b"all rows").why
    assert (bucket.keys(), bucket.uploads()) == ([], [])


@pytest.mark.parametrize("stored", [b"all", b"all rowz"])
def test_what_was_altered_on_the_way_is_removed(
    bucket: TestBucket, proxy: Proxy, stored: bytes
) -> None:
    def lie(asked: Asked) -> Answer | None:
        if not is_object(asked):
            return None
        bucket.replace(asked.path.partition(f"/{bucket.name}/")[2], stored)
        return DONE

    proxy.rule = lie
    assert "what is there is not what was sent" in refusal(b"all rows").why
    assert (bucket.keys(), bucket.uploads()) == ([], [])


def test_a_service_without_newer_checksums_and_conditions_will_do(
    bucket: TestBucket, proxy: Proxy
) -> None:
    def know_less(asked: Asked) -> Answer | None:
        names = [name.lower() for name in asked.headers]
        if any(name.startswith(NEWER_CHECKSUMS) for name in names):
            return Answer(400, "InvalidArgument")
        return Answer(501, "NotImplemented") if "if-none-match" in names else None

    proxy.rule = know_less
    storage = backup_storage()
    for stem, content in ((STEM, CONTENT), (f"{STEM}_02", b"all rows")):
        store(storage, content, stem)
        assert read(storage, f"{stem}.db") == content
        storage.delete(f"{stem}.db")
    assert (bucket.keys(), bucket.uploads()) == ([], [])
    assert proxy.count(lambda asked: "Content-MD5" in asked.headers) > 2


def test_a_manifest_that_is_refused_takes_the_dump_with_it(
    shop: Shop, bucket: TestBucket, proxy: Proxy
) -> None:
    proxy.always_refuse(is_of_manifest, DENIED)
    with pytest.raises(StorageError, match=r"manifest\.json was not written"):
        create_backup(alias=ALIAS)
    assert bucket.keys() == []
    # Who may not delete either leaves a dump that is no backup to anybody.
    proxy.always_refuse(
        lambda asked: is_of_manifest(asked) or asked.verb == "DELETE", DENIED
    )
    with pytest.raises(StorageError, match=r"manifest\.json was not written"):
        create_backup(alias=ALIAS)
    (entry,) = list_entries(backup_storage())
    assert entry.state == INCOMPLETE
    with pytest.raises(BackupNotFoundError):
        restore_backup(alias=ALIAS, into=shop.new_name())


def test_without_the_right_to_list_nothing_is_begun(
    shop: Shop, bucket: TestBucket
) -> None:
    forbid(bucket, "s3:ListBucket")
    with pytest.raises(StorageError) as caught:
        create_backup(alias=ALIAS)
    assert "this key may not do that (AccessDenied)" in caught.value.why


def test_in_a_bucket_with_object_lock_the_bytes_outlive_their_deletion(
    bucket: TestBucket, settings: Settings
) -> None:
    locked = TestBucket(f"{bucket.name}-locked", bucket.server, bucket.client)
    client = locked.client
    client.create_bucket(Bucket=locked.name, ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(
        Bucket=locked.name,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    )
    storage = go_to(settings, locked)
    for stem, content in ((STEM, CONTENT), (f"{STEM}_02", b"all rows")):
        store(storage, content, stem)
        storage.delete(f"{stem}.db")
    assert storage.objects() == []
    versions = client.list_object_versions(Bucket=locked.name)["Versions"]
    assert sorted(each["Size"] for each in versions) == [8, len(CONTENT)]
    for each in versions:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(
                Bucket=locked.name, Key=each["Key"], VersionId=each["VersionId"]
            )


def test_pruning_lists_the_bucket_as_often_for_many_as_for_one(
    shop: Shop, proxy: Proxy
) -> None:
    storage = backup_storage()
    for age in (1, 40, 41):
        store_aged(storage, age, ALIAS)
    counted = []
    for going in (1, 4):
        for age in range(50, 50 + going):
            store_aged(storage, age, ALIAS)
        proxy.seen.clear()
        assert len(prune_backups(ALIAS).deleted) == going
        counted.append((proxy.count(is_listing_of_all), proxy.count(is_short_listing)))
    (for_one, short_for_one), (for_four, short_for_four) = counted
    assert for_one == for_four
    # Whether it is pinned or being read is asked for each, right before.
    assert short_for_four - short_for_one == 2 * 3
