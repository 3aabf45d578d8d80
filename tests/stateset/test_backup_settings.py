from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from stateset import env
from stateset.backup_settings import (
    Locations,
    read_keep,
    read_locations,
    read_retention_days,
    read_signing_keys,
)

KEYS = "APP__BACKUP_SIGNING_KEYS"
FOLDER = Path("/srv/kept")


@pytest.fixture(autouse=True)
def _known_names_stay_as_they_are() -> Iterator[None]:
    before = dict(env.KNOWN)
    yield
    env.KNOWN.clear()
    env.KNOWN.update(before)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch):
    """Return what reads the locations from these variables."""

    def from_variables(**variables: str) -> Locations:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return read_locations(
            root=Path("/project"),
            folder=FOLDER,
            retention_days=read_retention_days(),
            keep=read_keep(),
        )

    return from_variables


def test_one_place_needs_no_name(read):
    assert read().aliases == {"local": "backups"}
    found = read(AWS_S3_BUCKET="kept")
    assert found.aliases == {"s3": "backups"}
    assert found.storages["backups"]["OPTIONS"]["bucket_name"] == "kept"


def test_several_places_have_names_and_policies_of_their_own(read):
    found = read(
        APP__BACKUP_LOCATIONS="local, s3, far-away, nas",
        APP__BACKUP_S3_RETENTION_DAYS="365",
        APP__BACKUP_FAR_AWAY_URL="s3://vault/shop?endpoint_url=https://s3.example",
        APP__BACKUP_FAR_AWAY_ACCESS_KEY_ID="me",
        APP__BACKUP_FAR_AWAY_SECRET_ACCESS_KEY="mine",
        APP__BACKUP_NAS_URL="mnt/nas",
        AWS_S3_BUCKET="kept",
    )
    assert found.aliases == {
        "local": "backups",
        "s3": "backups-s3",
        "far-away": "backups-far-away",
        "nas": "backups-nas",
    }
    assert found.retention_days == {"local": 30, "s3": 365, "far-away": 30, "nas": 30}
    options = {name: each["OPTIONS"] for name, each in found.storages.items()}
    assert options["backups"]["location"] == FOLDER
    assert options["backups-nas"]["location"] == Path("/project/mnt/nas")
    assert options["backups-s3"]["addressing_style"] == "auto"
    far = options["backups-far-away"]
    assert far["endpoint_url"] == "https://s3.example"
    assert [far[name] for name in ("bucket_name", "location", "addressing_style")] == [
        "vault",
        "shop",
        "path",
    ]
    assert (far["access_key"], far["secret_key"]) == ("me", "mine")
    assert env.unknown_names() == {}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"APP__BACKUP_LOCATIONS": "local,local"}, "a list of different names"),
        ({"APP__BACKUP_LOCATIONS": "s3"}, "AWS_S3_BUCKET is not set"),
        ({"APP__BACKUP_LOCATIONS": "nas"}, "APP__BACKUP_NAS_URL is ''"),
        (
            {"APP__BACKUP_LOCATIONS": "x", "APP__BACKUP_X_URL": "ftp://host"},
            "allowed is a folder, or s3://bucket",
        ),
    ],
)
def test_a_place_without_an_address_stops_at_once(read, variables, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        read(**variables)


def test_counts_are_those_of_all_unless_a_place_has_its_own(read):
    found = read(
        APP__BACKUP_LOCATIONS="local, far-away",
        APP__BACKUP_FAR_AWAY_URL="mnt/nas",
        APP__BACKUP_KEEP_WEEKLY="8",
        APP__BACKUP_KEEP_MONTHLY="12",
        APP__BACKUP_FAR_AWAY_KEEP_YEARLY="10",
        APP__BACKUP_LOCAL_KEEP_MONTHLY="0",
    )
    none = {"last": 0, "daily": 0, "weekly": 8, "monthly": 0, "yearly": 0}
    assert found.keep == {
        "local": none,
        "far-away": {**none, "monthly": 12, "yearly": 10},
    }
    assert env.unknown_names() == {}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("RETENTION_DAYS", "0", "1 to 36500"),
        ("RETENTION_DAYS", "-30", "1 to 36500"),
        ("RETENTION_DAYS", "99999999999", "1 to 36500"),
        ("APP__BACKUP_KEEP_LAST", "-1", "0 to 10000"),
        ("APP__BACKUP_KEEP_DAILY", "7 days", "0 to 10000"),
        ("APP__BACKUP_NAS_RETENTION_DAYS", "0", "1 to 36500"),
        ("APP__BACKUP_NAS_KEEP_YEARLY", "1.5", "0 to 10000"),
    ],
)
def test_a_policy_that_makes_no_sense_stops_with_its_variable(
    read, name, value, allowed
):
    with pytest.raises(ImproperlyConfigured) as caught:
        read(APP__BACKUP_LOCATIONS="nas", APP__BACKUP_NAS_URL="nas", **{name: value})
    assert str(caught.value) == (
        f"{name} is {value!r}: allowed is a whole number {allowed}."
    )


def test_signing_keys_have_names(monkeypatch):
    assert read_signing_keys() == {}
    first, second = "a" * 32, "b:c=" * 8
    monkeypatch.setenv(KEYS, f"2027a:{first}, 2026a:{second}")
    assert list(read_signing_keys().items()) == [("2027a", first), ("2026a", second)]


@pytest.mark.parametrize(
    "text", ["k" * 40, "a:short", f"a b:{'k' * 32}", f"a:{'k' * 32},a:{'l' * 32}"]
)
def test_what_is_no_key_is_refused_and_not_shown(monkeypatch, text):
    monkeypatch.setenv(KEYS, text)
    with pytest.raises(ImproperlyConfigured) as caught:
        read_signing_keys()
    assert "kkkk" not in str(caught.value)
