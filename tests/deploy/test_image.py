"""The image and what Compose makes of it: versions that fit, and no secret inside."""

from __future__ import annotations

import json
import re

import pytest

from tests.deploy.dockerfile import delivered, steps, value
from tests.deploy.places import DEPLOY, ROOT, read_text, read_yaml, services, the_one
from tests.house.tree import PACKAGES

DEBIAN_POSTGRESQL = {"bookworm": "15", "trixie": "17"}
"""The only client programs that a Debian release has."""
SECRET = re.compile(r"(?i)(password|passwd|secret|token|_key|_pass)$")


def client_major() -> str:
    (major,) = set(re.findall(r"postgresql-client-(\d+)", read_text("Dockerfile")))
    return str(major)


def test_the_client_programs_are_those_of_the_server_in_compose() -> None:
    image = services("compose.yml")["postgres"]["image"]
    assert the_one(r"^postgres:(\d+)-\w+$", image) == client_major()


def test_the_images_debian_has_these_client_programs() -> None:
    bases = {step.rest.split()[0] for step in steps() if step.name == "FROM"}
    (base,) = bases
    assert DEBIAN_POSTGRESQL[base.rpartition("-")[2]] == client_major()


def test_the_images_python_is_one_that_the_lock_is_for() -> None:
    version = the_one(r"python:3\.(\d+)-", value("FROM"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lowest = the_one(r'requires-python = ">=3\.(\d+),', project)
    above = the_one(r'requires-python = ".*,<3\.(\d+)"', project)
    assert int(lowest) <= int(version) < int(above)


def test_uv_is_the_one_that_setup_uses() -> None:
    (in_image,) = re.findall(r"uv==([\d.]+)", read_text("Dockerfile"))
    assert f"UV_VERSION={in_image}\n" in read_text("dev/setup")
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert f"pip install uv=={in_image}\n" in page


def test_every_package_is_delivered_and_nothing_private_is() -> None:
    paths = {path.relative_to(ROOT) for path in delivered()}
    assert {path.parts[0] for path in paths} >= {*PACKAGES, "manage.py", "uv.lock"}
    assert {path.parts[0] for path in paths if path.parts[0].startswith(".")} == set()
    assert not {"tests", "var", "backups"} & {path.parts[0] for path in paths}
    assert not [path for path in paths if path.suffix in {".pyc", ".db", ".zst"}]


def test_the_image_runs_as_a_user_of_its_own_and_is_asked_if_it_can_serve() -> None:
    assert value("USER") == "stateset"
    assert "/health/ready" in value("HEALTHCHECK")
    names = [step.name for step in steps()]
    assert names.index("USER") > max(
        index for index, name in enumerate(names) if name == "RUN"
    )


def test_the_guides_migration_program_is_at_its_place() -> None:
    assert "COPY deploy/migration migration" in read_text("Dockerfile")
    assert services("compose.yml")["migrate"]["command"] == ["/app/migration", "up"]


@pytest.mark.parametrize("name", ["web", "worker", "beat", "migrate"])
def test_every_process_of_ours_is_the_same_image_and_waits_for_its_migrations(
    name: str,
) -> None:
    service = services("compose.yml")[name]
    assert service["image"] == "stateset-api:latest"
    assert {"backups:/backups", "var:/var/lib/stateset"} <= set(service["volumes"])
    waits_for = service["depends_on"]
    if name == "migrate":
        assert waits_for["postgres"] == {"condition": "service_healthy"}
        assert service["restart"] == "no"
    else:
        done = {"condition": "service_completed_successfully"}
        assert waits_for["migrate"] == done


@pytest.mark.parametrize("name", ["compose.yml", "compose.monitoring.yml"])
def test_secrets_come_from_files_alone(name: str) -> None:
    for service in services(name).values():
        for variable, text in service.get("environment", {}).items():
            if SECRET.search(variable):
                pytest.fail(f"{variable} holds a secret: name a file")
            if "://" in str(text):
                assert ":" not in the_one(r"^\w+://([^@/]*)@", text)


def test_every_secret_is_declared_used_and_made() -> None:
    both = ["compose.yml", "compose.monitoring.yml"]
    declared = {key for name in both for key in read_yaml(name)["secrets"]}
    used = {
        secret
        for name in both
        for service in services(name).values()
        for secret in service.get("secrets", [])
    }
    made = set(re.findall(r"^keep (\w+)", read_text("make-secrets"), re.MULTILINE))
    assert declared == used
    # The password of Redis stands in two of the others.
    assert made == declared | {"redis_password"}


@pytest.mark.parametrize("name", ["compose.yml", "compose.monitoring.yml"])
def test_nothing_is_open_to_other_machines(name: str) -> None:
    ports = [port for each in services(name).values() for port in each.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", ["compose.yml", "compose.monitoring.yml"])
def test_images_have_versions_and_mounted_files_exist(name: str) -> None:
    for service in services(name).values():
        version = service["image"].partition(":")[2]
        ours = service["image"].startswith("stateset-api")
        assert ours or re.search(r"\d", version)
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (DEPLOY / source).exists()


def test_what_others_wait_for_says_if_it_is_healthy() -> None:
    for service in services("compose.yml").values():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in services("compose.yml")[other]["healthcheck"]


def test_the_web_process_listens_where_compose_expects_it() -> None:
    command = json.loads(value("CMD"))
    port = command[-1].rpartition(":")[2]
    assert services("compose.yml")["web"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert value("EXPOSE") == port
    assert f"127.0.0.1:{port}/" in value("HEALTHCHECK")
