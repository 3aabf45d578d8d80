"""Where backups go: the folder, the bucket, or several places with a name each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

from stateset.env import (
    KNOWN,
    env_int,
    env_list,
    env_path,
    env_secret,
    env_str,
    given,
)

VARIABLE = "APP__BACKUP_LOCATIONS"
LOCAL, S3 = "local", "s3"
NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
KEYS = "APP__BACKUP_SIGNING_KEYS"
DAYS = "RETENTION_DAYS"
KIT_VARIABLES = (
    *("APP__ENVIRONMENT", "APP__ALLOWED_HOSTS", "BACKUP_DIR", DAYS),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),
)
RECIPIENTS = "APP__BACKUP_AGE_RECIPIENTS"
RECIPIENT = re.compile(r"age1[a-z0-9]{50,200}")
KEY_NAME = re.compile(r"[A-Za-z0-9-]{1,30}")
KEY_CHARACTERS = 32
DEFAULT_ALIAS = "backups"
KEPT = ("last", "daily", "weekly", "monthly", "yearly")
# A hundred years are meant by nobody who counts days; what is more is a slip.
MOST_DAYS = 36_500
MOST_KEPT = 10_000
S3_OPTIONS = {"endpoint_url", "region_name"}


@dataclass(frozen=True)
class Locations:
    """The places for backups, as Django's settings take them.

    ``aliases``, ``retention_days`` and ``keep`` are by name, ``storages`` by Django's
    alias.
    """

    aliases: Mapping[str, str]
    retention_days: Mapping[str, int]
    keep: Mapping[str, Mapping[str, int]]
    storages: Mapping[str, dict[str, Any]]


def read_retention_days(variable: str = DAYS, default: int = 30) -> int:
    """Return how many days all backups are kept."""
    return env_int(variable, default, minimum=1, maximum=MOST_DAYS)


def read_keep(
    name: str = "", default: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return how many last, daily, weekly, monthly and yearly backups are kept beside.

    ``name``: at one location, which may differ from all others.
    """
    return {
        kept: env_int(
            variable_of(name, f"KEEP_{kept.upper()}"),
            (default or {}).get(kept, 0),
            maximum=MOST_KEPT,
        )
        for kept in KEPT
    }


def read_locations(
    *, root: Path, folder: Path, retention_days: int, keep: Mapping[str, int]
) -> Locations:
    """Return the places that the environment names; ``folder`` is the local one."""
    bucket = {
        "bucket_name": env_str("AWS_S3_BUCKET"),
        "endpoint_url": env_str("AWS_S3_ENDPOINT_URL"),
        "region_name": env_str("AWS_S3_REGION_NAME"),
    }
    own = {LOCAL: _folder(folder)}
    if bucket["bucket_name"]:
        own[S3] = _bucket(**bucket)
    listed = env_list(VARIABLE)
    _require_names(listed)
    names = listed or [S3 if S3 in own else LOCAL]
    aliases = {
        name: f"{DEFAULT_ALIAS}-{name}" if number else DEFAULT_ALIAS
        for number, name in enumerate(names)
    }
    return Locations(
        aliases=aliases,
        retention_days={
            name: read_retention_days(variable_of(name, DAYS), retention_days)
            for name in listed
        },
        keep={name: read_keep(name, keep) for name in listed},
        storages={
            aliases[name]: own.get(name) or _further(name, root) for name in names
        },
    )


def read_signing_keys() -> dict[str, str]:
    """Return the keys of manifests by name, the one that signs first.

    What is refused is not shown: it is a secret.
    """
    keys: dict[str, str] = {}
    for item in re.split(r"[\s,]+", env_secret(KEYS).strip()):
        if not item:
            continue
        name, colon, secret = item.partition(":")
        if not colon or not KEY_NAME.fullmatch(name) or len(secret) < KEY_CHARACTERS:
            raise ImproperlyConfigured(
                f"{KEYS} has a key that is none: allowed is NAME:SECRET, several with "
                f"commas between; a secret has {KEY_CHARACTERS} characters or more."
            )
        if name in keys:
            raise ImproperlyConfigured(f"{KEYS} has two keys of the name {name!r}.")
        keys[name] = secret
    return keys


def read_recipients() -> list[str]:
    """Return the public keys that backups are encrypted for."""
    recipients = env_list(RECIPIENTS)
    for each in recipients:
        if not RECIPIENT.fullmatch(each):
            raise ImproperlyConfigured(
                f"{RECIPIENTS} has {each!r}: allowed are the public keys that "
                "age-keygen prints (age1…), with commas between."
            )
    return recipients


def read_identity_file(root: Path) -> Path | None:
    """Return the file with the key that opens encrypted backups, if one is named."""
    name = env_str("APP__BACKUP_AGE_IDENTITY_FILE")
    return root / Path(name).expanduser() if name else None


def read_kit_variables() -> dict[str, str]:
    """Return what is set of all that another machine needs to read these backups."""
    own = [
        name
        for name in KNOWN
        if name.startswith(("APP__BACKUP_", "AWS_")) and not name.endswith("_FILE")
    ]
    return given([*KIT_VARIABLES, *own])


def _require_names(names: list[str]) -> None:
    for name in names:
        if not NAME.fullmatch(name) or names.count(name) > 1:
            raise ImproperlyConfigured(
                f"{VARIABLE} is {','.join(names)!r}: allowed is a list of different "
                "names in small letters, digits and hyphens, as local,s3,vault."
            )


def _further(name: str, root: Path) -> dict[str, Any]:
    """Return the place whose address stands in a variable of its own."""
    variable = variable_of(name, "URL")
    url = env_str(variable)
    if name == S3:
        raise ImproperlyConfigured(
            f"{VARIABLE} names {S3}, and AWS_S3_BUCKET is not set: set it."
        )
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme == "s3" and parts.netloc and options.keys() <= S3_OPTIONS:
        return _bucket(
            bucket_name=parts.netloc,
            location=parts.path.strip("/") or "backups",
            access_key=env_str(variable_of(name, "ACCESS_KEY_ID")),
            secret_key=env_secret(variable_of(name, "SECRET_ACCESS_KEY")),
            **options,
        )
    if not url or parts.scheme:
        raise ImproperlyConfigured(
            f"{variable} is {url!r}: allowed is a folder, or "
            "s3://bucket?endpoint_url=https://host&region_name=region."
        )
    return _folder(env_path(variable, url, root=root))


def variable_of(name: str, what: str) -> str:
    """Return the variable that tells something of one location, without one of all."""
    own = f"{name.upper().replace('-', '_')}_" if name else ""
    return f"APP__BACKUP_{own}{what}"


def _folder(folder: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": folder,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def _bucket(*, bucket_name: str, **more: str) -> dict[str, Any]:
    options = {name: value for name, value in more.items() if value}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket_name,
            "endpoint_url": None,
            "region_name": None,
            # A service of one's own seldom has a host name for each bucket.
            "addressing_style": "path" if "endpoint_url" in options else "auto",
            "location": "backups",
            "default_acl": None,
            "file_overwrite": False,
            **options,
        },
    }
