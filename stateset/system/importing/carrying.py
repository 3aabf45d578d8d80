"""Carry an upload from the preview to the confirmation inside the page itself.

Nothing is kept on the server: no file is left behind by who never confirms, and any
web process can go on. Signed for one user and one model, and only for a while.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

from stateset.system.errors import PreviewLostError, UnreadableFileError

LIFETIME = timedelta(hours=1)

MOST_CHARACTERS = 2_000_000
"""Below what Django takes as form fields, 2.5 MB (DATA_UPLOAD_MAX_MEMORY_SIZE)."""


@dataclass(frozen=True)
class Upload:
    """A file as it was chosen, with the mapping that goes with it, if any."""

    name: str
    content: bytes
    mapping_name: str = ""
    mapping: bytes = b""


class UploadSerializer:
    """An upload as bytes: names and a length as JSON in one line, then both files."""

    def dumps(self, obj: Upload) -> bytes:
        head = json.dumps([obj.name, obj.mapping_name, len(obj.mapping)])
        return head.encode() + b"\n" + obj.mapping + obj.content

    def loads(self, data: bytes) -> Upload:
        head, _, files = data.partition(b"\n")
        name, mapping_name, length = json.loads(head)
        return Upload(name, files[length:], mapping_name, files[:length])


def pack(upload: Upload, *, owner: str) -> str:
    """Return the upload as text that only ``owner`` can hand back."""
    packed = signing.dumps(
        upload, salt=_salt(owner), serializer=UploadSerializer, compress=True
    )
    if len(packed) > MOST_CHARACTERS:
        raise UnreadableFileError(
            f"File {upload.name} was not read.",
            why="even compressed it is larger than a page can carry",
            fix="split it, or import it with the command import_data",
        )
    return packed


def unpack(packed: str, *, owner: str) -> Upload:
    """Return what was packed for ``owner``; raise PreviewLostError."""
    try:
        upload: Upload = signing.loads(
            packed, salt=_salt(owner), serializer=UploadSerializer, max_age=LIFETIME
        )
    except signing.BadSignature as error:
        raise PreviewLostError(
            "Nothing was imported.",
            why="this preview is older than an hour, or was made for another page",
            fix="choose the file again",
        ) from error
    return upload


def _salt(owner: str) -> str:
    return f"stateset.import:{owner}"
