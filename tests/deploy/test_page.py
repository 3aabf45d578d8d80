"""docs/deployment.md against the files that it is about."""

from __future__ import annotations

import re

from tests.deploy.places import DEPLOY, ROOT, read_yaml

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
# A copy that nobody commits.
MADE_HERE = {"secrets"}


def test_everything_in_the_folder_has_a_mention() -> None:
    names = {path.name for path in DEPLOY.iterdir()} - MADE_HERE
    assert {name for name in names if f"`{name}" not in PAGE} == set()
    inside = [*(DEPLOY / "postgresql").rglob("*.conf"), *(DEPLOY / "nginx").iterdir()]
    fragments = {path.name for path in inside} - {"compose.conf"}
    assert {name for name in fragments if name not in PAGE} == set()


def test_every_file_of_the_folder_that_it_shows_is_there() -> None:
    shown = set(re.findall(r"\bdeploy/([\w./-]*\w)", PAGE)) - MADE_HERE
    made = {name for name in shown if name.partition("/")[0] in MADE_HERE}
    assert {name for name in shown - made if not (DEPLOY / name).exists()} == set()


def test_the_network_it_names_is_that_of_compose() -> None:
    network = read_yaml("compose.yml")["networks"]["default"]["ipam"]["config"][0]
    assert network["subnet"] in PAGE
