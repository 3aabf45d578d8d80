from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from dbops.backups.compression import parse_compression
from dbops.backups.manifest import (
    Manifest,
    StoredFile,
    _digest,
    read_manifest,
    write_manifest,
)
from dbops.errors import BackupDamagedError
from tests.dbops.builders import make_contents, make_manifest, measure

NAMES = "stateset_20261123_020000"
NAME = f"{NAMES}.manifest.json"
ADDED = (
    *("left_out", "sequences", "migrations_sha256", "surroundings"),
    *("snapshot", "flags", "revision", "tools"),
)


def make_full_manifest() -> Manifest:
    contents = make_contents(
        left_out=("runs",),
        sizes={"customers": 16384, "orders": 65536},
        sequences={"orders_id_seq": 300, "unused_seq": None},
        extensions={"plpgsql": "1.0"},
        roles=("clerk", "owner"),
        position={"system_identifier": "7412", "timeline": "1", "lsn": "0/19B0F38"},
    )
    text = measure(b"roles")
    packing = parse_compression("none")
    return make_manifest(
        kind="full",
        contents=contents,
        surroundings=StoredFile(NAMES + ".surroundings.sql", packing, text, text),
        snapshot="00000003-0000001B-1",
        flags=("--format=custom",),
        revision="0c1d2e",
        tools={"python": "3.11.7"},
    )


def test_a_manifest_of_an_older_release_is_read() -> None:
    values = json.loads(write_manifest(make_manifest()))
    for key in ADDED:
        del values[key]
    for key in ("extensions", "roles"):
        del values["database"][key]
    values["manifest_sha256"] = _digest(
        {key: value for key, value in values.items() if key != "manifest_sha256"}
    )
    assert read_manifest(NAME, json.dumps(values).encode()) == make_manifest()


def test_a_dump_without_its_surroundings_says_why() -> None:
    values = json.loads(write_manifest(make_manifest()))
    why = "only a full backup has roles and settings"
    assert values["surroundings"] == {"why_none": why}


def test_a_manifest_comes_back_as_it_was() -> None:
    manifest = make_full_manifest()
    assert manifest.name == NAME
    assert read_manifest(NAME, write_manifest(manifest)) == manifest


def test_a_manifest_says_what_people_and_scripts_need() -> None:
    values = json.loads(write_manifest(make_full_manifest()))
    assert values.pop("manifest_sha256")
    assert values == {
        "format": 1,
        "id": "stateset_20261123_020000",
        "kind": "full",
        "project": "stateset",
        "environment": "test",
        "alias": "default",
        "engine": "postgresql",
        "started_at": "2026-11-23T02:00:00.500000+00:00",
        "finished_at": "2026-11-23T02:00:00.500000+00:00",
        "seconds": {"dump": 1.5, "store": 0.25},
        "reason": "before the sale",
        "database": {
            "name": "shop",
            "bytes": 8192,
            "server_version": "15.18",
            "client_version": "15.18",
            "properties": {"encoding": "UTF8"},
            "extensions": {"plpgsql": "1.0"},
            "roles": ["clerk", "owner"],
            "system_identifier": "7412",
            "timeline": "1",
            "lsn": "0/19B0F38",
        },
        "tables": [
            {"name": "customers", "rows": 2, "bytes": 16384},
            {"name": "orders", "rows": 300, "bytes": 65536},
        ],
        "left_out": ["runs"],
        "sequences": {"orders_id_seq": 300, "unused_seq": None},
        "migrations": [{"app": "orders", "name": "0001_initial"}],
        "migrations_sha256": sha256(b"orders.0001_initial").hexdigest(),
        "file": {
            "name": "stateset_20261123_020000.dump",
            "compression": "none",
            "plain": {
                "sha256": make_manifest().plain.sha256,
                "bytes": 12,
            },
            "stored": {
                "sha256": make_manifest().plain.sha256,
                "bytes": 12,
            },
        },
        "surroundings": {
            "name": "stateset_20261123_020000.surroundings.sql",
            "compression": "none",
            "plain": {"sha256": measure(b"roles").sha256, "bytes": 5},
            "stored": {"sha256": measure(b"roles").sha256, "bytes": 5},
        },
        "snapshot": "00000003-0000001B-1",
        "flags": ["--format=custom"],
        "revision": "0c1d2e",
        "tools": {"python": "3.11.7"},
        "app_version": "0.1.0",
        "django_version": "5.2",
        "host": "db-1",
        "warnings": ["pg_dump: warning: circular foreign keys"],
    }


def refusal(content: bytes, name: str = NAME) -> str:
    with pytest.raises(BackupDamagedError) as caught:
        read_manifest(name, content)
    assert caught.value.what == f"{name} was not read."
    return caught.value.why


def test_an_altered_manifest_is_refused() -> None:
    content = write_manifest(make_manifest()).replace(b'"rows": 300', b'"rows": 301')
    assert refusal(content) == "it was altered after it was written"


def test_layout_and_order_of_keys_do_not_matter() -> None:
    values = json.loads(write_manifest(make_manifest()))
    content = json.dumps(dict(reversed(values.items()))).encode()
    assert read_manifest(NAME, content) == make_manifest()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"7", b"\xff"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    assert refusal(content) == "it is not a manifest of this project"


def test_a_manifest_of_a_newer_release_is_refused() -> None:
    content = write_manifest(make_manifest()).replace(b'"format": 1', b'"format": 4')
    assert refusal(content) == "its format is 4, this release knows 1 to 3"


def test_a_manifest_under_another_name_is_refused() -> None:
    content = write_manifest(make_manifest())
    name = "stateset_20261124_020000.manifest.json"
    assert refusal(content, name) == "it belongs to stateset_20261123_020000"


def test_contents_that_are_equal_have_no_differences() -> None:
    found = replace(make_contents(), size_bytes=1, server_version="17.0")
    assert make_contents().differences(found) == []


def test_differences_of_contents_are_told_in_words() -> None:
    found = make_contents(
        tables={"orders": 299, "carts": 1}, migrations=(("orders", "0002_total"),)
    )
    assert make_contents().differences(found) == [
        "carts: 1 rows, expected no such table",
        "customers: no such table, expected 2 rows",
        "orders: 299 rows, expected 300 rows",
        "migration orders.0001_initial: missing",
        "migration orders.0002_total: not expected",
    ]
