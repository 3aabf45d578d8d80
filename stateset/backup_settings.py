"""Where backups go: the folder, the bucket, or several places with a name each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

from stateset.env import env_int, env_list, env_path, env_secret, env_str

VARIABLE = "APP__BACKUP_LOCATIONS"
LOCAL, S3 = "local", "s3"
NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
DEFAULT_ALIAS = "backups"
S3_OPTIONS = {"endpoint_url", "region_name"}


@dataclass(frozen=True)
class Locations:
    """The places for backups, as Django's settings take them.

    ``aliases`` and ``retention_days`` are by name, ``storages`` by Django's alias.
    """

    aliases: Mapping[str, str]
    retention_days: Mapping[str, int]
    storages: Mapping[str, dict[str, Any]]


def read_locations(*, root: Path, folder: Path, retention_days: int) -> Locations:
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
            name: env_int(_variable(name, "RETENTION_DAYS"), retention_days, minimum=1)
            for name in listed
        },
        storages={
            aliases[name]: own.get(name) or _further(name, root) for name in names
        },
    )


def _require_names(names: list[str]) -> None:
    for name in names:
        if not NAME.fullmatch(name) or names.count(name) > 1:
            raise ImproperlyConfigured(
                f"{VARIABLE} is {','.join(names)!r}: allowed is a list of different "
                "names in small letters, digits and hyphens, as local,s3,vault."
            )


def _further(name: str, root: Path) -> dict[str, Any]:
    """Return the place whose address stands in a variable of its own."""
    variable = _variable(name, "URL")
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
            access_key=env_str(_variable(name, "ACCESS_KEY_ID")),
            secret_key=env_secret(_variable(name, "SECRET_ACCESS_KEY")),
            **options,
        )
    if not url or parts.scheme:
        raise ImproperlyConfigured(
            f"{variable} is {url!r}: allowed is a folder, or "
            "s3://bucket?endpoint_url=https://host&region_name=region."
        )
    return _folder(env_path(variable, url, root=root))


def _variable(name: str, what: str) -> str:
    return f"APP__BACKUP_{name.upper().replace('-', '_')}_{what}"


def _folder(folder: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": folder,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def _bucket(*, bucket_name: str, **given: str) -> dict[str, Any]:
    options = {name: value for name, value in given.items() if value}
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
