"""Backups in a bucket, in a folder for each day.

The bucket, its address and its keys are those of django-storages; what is written
here goes through in one pass, in parts, which its own classes cannot do.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import IO, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from dbops.backups.measuring import Writable
from dbops.backups.storage.base import BackupStorage, StoredObject
from dbops.backups.storage.s3_errors import s3_errors
from dbops.backups.storage.s3_reading import Download
from dbops.backups.storage.s3_writing import Bucket, Upload, put_whole, taken
from dbops.errors import NameTakenError, StorageError

DATED = re.compile(r"stateset_(\d{4})(\d{2})(\d{2})_")
READ_BYTES = 1024 * 1024
# Checksums that newer boto3 sends unasked are refused by many S3-compatibles; we
# send an MD5 of our own, which all know. Four attempts, seconds apart, at random.
CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"total_max_attempts": 4, "mode": "standard"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class BucketStorage(BackupStorage):
    """A bucket of any S3-compatible service.

    It needs the rights to list, read and write; without those to delete, backups
    are still made, only pruning is refused.
    """

    def __init__(self, place: S3Storage, *, name: str = "s3") -> None:
        self.name = name
        place.client_config = CONFIG.merge(place.client_config)
        self._place = place

    @property
    def location(self) -> str:
        return f"s3://{self._place.bucket_name}/{self._root}".rstrip("/")

    def objects(self, begins: str = "") -> list[StoredObject]:
        with self._errors("The backups were not listed."):
            found = [
                StoredObject(_name(each["Key"]), each["Size"], each.get("LastModified"))
                for each in self._bucket.listed("list_objects_v2", self._key(begins))
                if self._key(_name(each["Key"])) == each["Key"]
            ]
        return sorted(found, key=lambda each: each.name)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        download = Download(self._bucket, self._key(name), f"{name} was not read.")
        with io.BufferedReader(download, READ_BYTES) as file:
            yield file

    @contextmanager
    def create(self, stem: str, suffix: str) -> Iterator[Writable]:
        key = self._key(stem + suffix)
        what = f"{stem}{suffix} was not written."
        # Before anything is begun: some services make a bucket that is not there.
        self._require_absent(stem, what)
        parameters = self._place.get_object_parameters(key)
        upload = Upload(self._bucket, key, what, parameters)
        try:
            self._require_first(stem, upload)
            # Whoever ended while we looked for who writes is found now.
            self._require_absent(stem, what)
            yield upload
            upload.complete()
        except BaseException:
            upload.abandon()
            raise

    def put(self, name: str, content: bytes) -> None:
        key = self._key(name)
        parameters = self._place.get_object_parameters(key)
        put_whole(self._bucket, key, content, f"{name} was not written.", parameters)

    def delete(self, name: str) -> None:
        with self._errors(f"{name} was not deleted."):
            self._bucket.call("delete_object", Key=self._key(name))

    def free_bytes(self) -> int | None:
        return None

    def clear_unfinished(self, before: datetime, stem: str = "") -> int:
        """Go by the moment: a bucket does not know whether somebody still writes."""
        prefix = self._key(f"{stem}.") if stem else self._root
        with self._errors("The unfinished uploads were not ended."):
            abandoned = [
                upload
                for upload in self._bucket.listed("list_multipart_uploads", prefix)
                if upload["Initiated"] < before
                and self._key(_name(upload["Key"])) == upload["Key"]
            ]
            for upload in abandoned:
                self._bucket.call(
                    "abort_multipart_upload",
                    Key=upload["Key"],
                    UploadId=upload["UploadId"],
                )
        return len(abandoned)

    @property
    def _root(self) -> str:
        location = self._place.location.strip("/")
        return f"{location}/" if location else ""

    @cached_property
    def _bucket(self) -> Bucket:
        with self._errors("The bucket was not opened."):
            try:
                client = self._place.connection.meta.client
            except ValueError as error:
                raise StorageError(
                    "The bucket was not opened.",
                    why=str(error),
                    fix="correct AWS_S3_ENDPOINT_URL: https://host, or http://host:port",
                ) from error
        return Bucket(client, self._place.bucket_name)

    def _key(self, name: str) -> str:
        dated = DATED.match(name)
        folders = "/".join(dated.groups()) + "/" if dated else ""
        return f"{self._root}{folders}{name}"

    def _require_absent(self, stem: str, what: str) -> None:
        with self._errors(what):
            found = self._bucket.listed("list_objects_v2", self._key(f"{stem}."))
            if any(True for _ in found):
                raise taken(what)

    def _require_first(self, stem: str, upload: Upload) -> None:
        """Raise NameTakenError if another run began to write this stem before."""
        try:
            uploads = list(
                self._bucket.listed("list_multipart_uploads", self._key(f"{stem}."))
            )
        except (ClientError, BotoCoreError):
            # A right of its own, and not every service knows it; then the end of
            # the upload tells, which is conditional.
            return
        uploads.sort(key=lambda each: (each["Initiated"], each["UploadId"]))
        if uploads and uploads[0]["UploadId"] != upload.id:
            raise NameTakenError(
                upload.what,
                why="another run is writing it",
                fix="try again in a second",
            )

    def _errors(self, what: str) -> Any:
        return s3_errors(what, self.location)


def _name(key: str) -> str:
    return key.rpartition("/")[2]
