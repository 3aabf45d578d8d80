"""What a bucket refuses, in plain words: what, why, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from dbops.errors import StorageError

Words = tuple[str, str]

RIGHTS: Words = (
    "this key may not do that",
    "give it the rights of docs/operator.md on this bucket",
)
BUSY: Words = (
    "the service is overloaded or out of order",
    "try again later, or ask whoever runs it",
)
TOKEN: Words = ("the session's token has expired", "get a new one, then try again")
REGION: Words = (
    "the bucket lies in another region",
    "set AWS_S3_REGION_NAME to the bucket's region",
)
FULL: Words = ("the bucket is full", "make room in it, or choose another bucket")
DISTORTED: Words = (
    "what arrived is not what was sent",
    "try again; if it happens often, look into the network",
)
ABSENT: Words = ("it is not there", "see what is there with list_backups")
REPLACED: Words = (
    "another object was put in its place",
    "see that nothing else writes there, then try again",
)
# S3's own codes; a HEAD has no body, so there the status has to do.
BY_CODE: dict[str, Words] = {
    "NoSuchBucket": ("there is no such bucket", "make it, or correct AWS_S3_BUCKET"),
    "InvalidBucketName": ("no bucket can have this name", "correct AWS_S3_BUCKET"),
    "InvalidAccessKeyId": (
        "the service does not know this access key",
        "correct AWS_ACCESS_KEY_ID",
    ),
    "SignatureDoesNotMatch": (
        "the secret key is not that of the access key",
        "correct AWS_SECRET_ACCESS_KEY",
    ),
    "RequestTimeTooSkewed": (
        "the clock of this machine is wrong by more than the service accepts",
        "set the clock (timedatectl set-ntp true), then try again",
    ),
    "NoSuchUpload": (
        "the upload was ended by somebody else",
        "try again; see that no rule of the bucket ends uploads within a day",
    ),
    **dict.fromkeys(("PreconditionFailed", "412"), REPLACED),
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "403"), RIGHTS),
    **dict.fromkeys(("NoSuchKey", "404"), ABSENT),
    **dict.fromkeys(("ExpiredToken", "InvalidToken", "TokenRefreshRequired"), TOKEN),
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "301"), REGION
    ),
    **dict.fromkeys(("QuotaExceeded", "XMinioStorageFull", "507"), FULL),
    **dict.fromkeys(("BadDigest", "XAmzContentSHA256Mismatch"), DISTORTED),
    **dict.fromkeys(
        ("SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout"), BUSY
    ),
    **dict.fromkeys(("500", "502", "503", "504"), BUSY),
}
KEYS: Words = (
    "there is no key for the service",
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role",
)
SILENT: Words = (
    "the service does not answer",
    "see that it runs, and that AWS_S3_ENDPOINT_URL is right",
)
BROKEN: Words = ("the connection broke", "look into the network, then try again")
BY_KIND: tuple[tuple[type[Exception], Words], ...] = (
    (NoCredentialsError, KEYS),
    (PartialCredentialsError, KEYS),
    (CredentialRetrievalError, KEYS),
    (ProfileNotFound, KEYS),
    (EndpointConnectionError, SILENT),
    (ConnectTimeoutError, SILENT),
    (
        SSLError,
        (
            "the service's certificate is not trusted",
            "install its authority on this machine, or correct AWS_S3_ENDPOINT_URL",
        ),
    ),
)


def code_of(error: ClientError) -> str:
    """Return S3's own word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def s3_errors(what: str, place: str) -> Iterator[None]:
    """Say which place an error of the block is about, and how to mend it."""
    try:
        yield
    except ClientError as error:
        why, fix = _words_of_answer(error)
        raise StorageError(what, why=f"{place}: {why}", fix=fix) from error
    except BotoCoreError as error:
        why, fix = next(
            (words for kind, words in BY_KIND if isinstance(error, kind)), BROKEN
        )
        raise StorageError(what, why=f"{place}: {why}: {error}", fix=fix) from error


def _words_of_answer(error: ClientError) -> Words:
    code = code_of(error)
    said = error.response.get("Error", {}).get("Message", "")
    known = BY_CODE.get(code)
    if known is None:
        return f"{code}: {said}", "see what the service says of it, then try again"
    why, fix = known
    return f"{why} ({code})", fix
