"""Read an object as a stream, and go on where a broken connection ended."""

from __future__ import annotations

import io
from typing import Any

from botocore.exceptions import BotoCoreError

from dbops.backups.storage.s3_errors import s3_errors
from dbops.backups.storage.s3_writing import Bucket

ATTEMPTS = 3


class Download(io.RawIOBase):
    """The bytes of one object, in constant memory.

    A connection that breaks is opened again at the byte where it broke, on the same
    version of the object. Raises StorageError when that does not help.
    """

    def __init__(self, bucket: Bucket, key: str, what: str) -> None:
        self._bucket = bucket
        self._key = key
        self._what = what
        self._offset = 0
        self._version: dict[str, str] = {}
        self._body = self._opened()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._read(len(buffer))
        self._offset += len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()

    def _read(self, size: int) -> bytes:
        with s3_errors(self._what, self._bucket.address(self._key)):
            for _ in range(ATTEMPTS - 1):
                try:
                    chunk: bytes = self._body.read(size)
                except BotoCoreError:
                    self._body.close()
                    self._body = self._opened()
                else:
                    return chunk
            return bytes(self._body.read(size))

    def _opened(self) -> Any:
        part = {"Range": f"bytes={self._offset}-"} if self._offset else {}
        with s3_errors(self._what, self._bucket.address(self._key)):
            found = self._bucket.call(
                "get_object", Key=self._key, **part, **self._version
            )
        self._version = {"IfMatch": found["ETag"]}
        return found["Body"]
