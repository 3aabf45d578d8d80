"""Send what comes in parts, proven by what the bucket says it has."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import md5, sha256
from io import BytesIO
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dbops.backups.storage.s3_errors import code_of, s3_errors
from dbops.errors import NameTakenError, StorageError

logger = logging.getLogger(__name__)

# One part is sent while the next one fills: two small ones lie in memory, or one
# large one. Together 180 GiB fit into the 10,000 parts that S3 takes, none of which
# but the last may be smaller than the small ones.
SMALL_PART = 5 * 1024 * 1024
LARGE_PART = 32 * 1024 * 1024
SMALL_PARTS = 5_000
MOST_PARTS = 10_000
PAGE = 1000
ONLY_NEW = {"IfNoneMatch": "*"}
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
# What a service answers that does not know conditions.
NO_CONDITIONS = {"NotImplemented", "501"}
MAY_BE_OURS = {*TAKEN, "NoSuchUpload"}


class Bucket:
    """A bucket and the client that reaches it."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def address(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Ask for one thing; botocore's own errors pass through."""
        answer: dict[str, Any] = getattr(self.client, operation)(
            Bucket=self.name, **parameters
        )
        return answer

    def listed(self, operation: str, prefix: str) -> Iterator[dict[str, Any]]:
        """Yield all there is, beyond the page that one answer holds."""
        pages = self.client.get_paginator(operation).paginate(
            Bucket=self.name, Prefix=prefix, PaginationConfig={"PageSize": PAGE}
        )
        for page in pages:
            yield from page.get("Contents", ())
            yield from page.get("Uploads", ())


def part_size(number: int) -> int:
    """Return how many bytes the part of this number, from 1 on, holds."""
    return SMALL_PART if number <= SMALL_PARTS else LARGE_PART


def put_whole(
    bucket: Bucket,
    key: str,
    content: bytes,
    what: str,
    parameters: dict[str, Any],
    **conditions: str,
) -> None:
    """Store an object by one request; the bucket compares it with its MD5."""
    digest = sha256(content).hexdigest()
    with s3_errors(what, bucket.address(key)):
        _conditionally(
            bucket,
            "put_object",
            **conditions,
            Key=key,
            Body=content,
            ContentMD5=_base64(md5(content, usedforsecurity=False).digest()),
            **{**parameters, "Metadata": {"sha256": digest}},
        )


class Upload:
    """Takes bytes of unknown length, and sends them in parts while more come."""

    def __init__(
        self, bucket: Bucket, key: str, what: str, parameters: dict[str, Any]
    ) -> None:
        self.what = what
        self._bucket = bucket
        self._key = key
        self._parameters = parameters
        # Made in full size and used again: one that grows takes twice as much.
        self._buffer = _full_size(SMALL_PART)
        self._spare = _full_size(SMALL_PART)
        self._size = 0
        self._digests: list[bytes] = []
        self._parts: list[dict[str, Any]] = []
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="upload")
        self._sending: Future[None] | None = None
        with self._errors():
            begun = bucket.call("create_multipart_upload", Key=key, **parameters)
        self.id: str = begun["UploadId"]

    def write(self, chunk: bytes | memoryview) -> int:
        rest = memoryview(chunk)
        while rest:
            size = part_size(len(self._digests) + 1)
            room = size - self._buffer.tell()
            self._buffer.write(rest[:room])
            rest = rest[room:]
            if self._buffer.tell() == size:
                self._send()
        return len(chunk)

    def complete(self) -> None:
        """Have the object appear, unless one of its name has appeared meanwhile."""
        if not self._digests:
            self._put_at_once()
            return
        if self._buffer.tell():
            self._send()
        self._await_sent()
        whole = md5(b"".join(self._digests), usedforsecurity=False).hexdigest()
        tag = f"{whole}-{len(self._digests)}"
        # A service that encrypts with keys of its own makes other tags.
        is_known = all(
            part["ETag"].strip('"') == digest.hex()
            for part, digest in zip(self._parts, self._digests, strict=True)
        )
        with self._proven(tag=tag if is_known else ""):
            _conditionally(
                self._bucket,
                "complete_multipart_upload",
                **ONLY_NEW,
                Key=self._key,
                UploadId=self.id,
                MultipartUpload={"Parts": self._parts},
            )

    def abandon(self) -> None:
        """End the upload, so that none of its parts stays behind and costs money."""
        # A part that arrives after the end would stay.
        self._sender.shutdown(cancel_futures=True)
        try:
            self._bucket.call("abort_multipart_upload", Key=self._key, UploadId=self.id)
        except (ClientError, BotoCoreError) as error:
            if not isinstance(error, ClientError) or code_of(error) != "NoSuchUpload":
                logger.warning(
                    "An unfinished upload of %s was left: %s",
                    self._bucket.address(self._key),
                    error,
                )

    def _put_at_once(self) -> None:
        """Store what fits into one request; the upload has only kept its name."""
        self._buffer.truncate()
        content = self._buffer.getvalue()
        self._size = len(content)
        with self._proven(sha256=sha256(content).hexdigest()):
            put_whole(
                self._bucket,
                self._key,
                content,
                self.what,
                self._parameters,
                **ONLY_NEW,
            )
        self.abandon()

    @contextmanager
    def _proven(self, *, sha256: str = "", tag: str = "") -> Iterator[None]:
        """Ask after the block whether the object is there as it was sent.

        The answer to a first attempt may be lost, and the second one then finds the
        name taken, by ourselves.
        """
        refused: StorageError | None = None
        try:
            with self._errors():
                yield
        except StorageError as error:
            if _code_behind(error) not in MAY_BE_OURS:
                raise
            refused = error
        with self._errors():
            found = self._bucket.call("head_object", Key=self._key)
        is_ours = (
            found["ContentLength"] == self._size
            and (not sha256 or found.get("Metadata", {}).get("sha256") == sha256)
            and (not tag or found["ETag"].strip('"') == tag)
        )
        if is_ours:
            return
        if refused is None:
            self._remove()
            raise _distorted(self.what, self._bucket.address(self._key))
        raise taken(self.what) from refused

    def _send(self) -> None:
        self._await_sent()
        number = len(self._digests) + 1
        if number > MOST_PARTS:
            raise StorageError(
                self.what,
                why=f"it is larger than {self._size} bytes, and S3 takes"
                f" {MOST_PARTS} parts",
                fix="keep backups of this database in a folder (unset AWS_S3_BUCKET)",
            )
        content = self._buffer
        content.truncate()
        self._size += content.tell()
        with content.getbuffer() as view:
            self._digests.append(md5(view, usedforsecurity=False).digest())
        content.seek(0)
        self._sending = self._sender.submit(self._send_part, number, content)
        if number < SMALL_PARTS:
            self._buffer, self._spare = self._spare, content
        else:
            self._await_sent()
        self._buffer.seek(0)

    def _send_part(self, number: int, content: BytesIO) -> None:
        with self._errors():
            sent = self._bucket.call(
                "upload_part",
                Key=self._key,
                UploadId=self.id,
                PartNumber=number,
                Body=content,
                ContentMD5=_base64(self._digests[number - 1]),
            )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _await_sent(self) -> None:
        if self._sending is not None:
            self._sending.result()
            self._sending = None

    def _remove(self) -> None:
        try:
            self._bucket.call("delete_object", Key=self._key)
        except (ClientError, BotoCoreError) as error:
            logger.warning("%s was left: %s", self._bucket.address(self._key), error)

    def _errors(self) -> Any:
        return s3_errors(self.what, self._bucket.address(self._key))


def _full_size(size: int) -> BytesIO:
    buffer = BytesIO()
    buffer.seek(size - 1)
    buffer.write(b"\0")
    buffer.seek(0)
    return buffer


def _conditionally(bucket: Bucket, operation: str, **parameters: Any) -> None:
    """Ask with conditions; ask again without where the service does not know them."""
    try:
        bucket.call(operation, **parameters)
    except ClientError as error:
        without = {k: v for k, v in parameters.items() if k not in ONLY_NEW}
        if code_of(error) not in NO_CONDITIONS or without == parameters:
            raise
        bucket.call(operation, **without)


def _code_behind(error: StorageError) -> str:
    cause = error.__cause__
    return code_of(cause) if isinstance(cause, ClientError) else ""


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def taken(what: str) -> NameTakenError:
    """Return the error that says that a name is given already."""
    return NameTakenError(
        what,
        why="a backup of this name is there already",
        fix="try again in a second",
    )


def _distorted(what: str, place: str) -> StorageError:
    return StorageError(
        what,
        why=f"{place}: what is there is not what was sent",
        fix="try again; if it happens often, look into the network and the service",
    )
