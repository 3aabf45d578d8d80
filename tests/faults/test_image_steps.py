"""The steps of the Dockerfile, done in a folder: there is no Docker engine here.

What a folder can't take (Debian's packages, the user) is left out, and named.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe

import pytest

from deploy.dev.ports import free_port
from tests.deploy.dockerfile import ScratchImage, tools_on_path, value
from tests.stateset.programs import get

HTTPS = {"X_Forwarded_Proto": "https", "Host": "shop.example"}
START_SECONDS = 60


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> ScratchImage:
    """Build once, which takes its time."""
    built = ScratchImage(tmp_path_factory.mktemp("image"), tools_on_path())
    built.build()
    return built


@pytest.fixture
def installation(image: ScratchImage, tmp_path: Path) -> dict[str, str]:
    """Give what Compose passes on, for a database file of this test."""
    key = tmp_path / "secret_key"
    key.write_text(token_urlsafe(50), encoding="utf-8")
    return {
        "APP__SECRET_KEY_FILE": str(key),
        "APP__ALLOWED_HOSTS": "shop.example",
        "APP__BEHIND_PROXY": "true",
        "APP__TRUSTED_PROXIES": "127.0.0.1",
        "APP__DATABASE_URL": f"sqlite:///{tmp_path}/stateset.db?mode=rwc",
        "APP__VAR_DIR": str(tmp_path / "var"),
        "BACKUP_DIR": str(tmp_path / "backups"),
    }


def test_only_what_a_folder_cannot_take_was_left_out(image: ScratchImage) -> None:
    assert image.skipped == ["pip", "apt-get", "useradd"]


def test_the_packages_are_those_of_the_lock_without_the_tools(
    image: ScratchImage,
) -> None:
    found = image.run(".venv/bin/python", "-c", "import django, psycopg, gunicorn")
    assert found.returncode == 0, found.stderr
    tools = image.run(".venv/bin/python", "-c", "import pytest")
    assert "No module named 'pytest'" in tools.stderr


def test_static_files_are_in_it_under_names_that_change_with_them(
    image: ScratchImage,
) -> None:
    assert (image.folder / "staticfiles" / "staticfiles.json").exists()


def test_nothing_private_is_in_it(image: ScratchImage) -> None:
    names = {path.name for path in image.folder.iterdir()}
    assert not names & {".env", ".git", "tests", "backups", "var", "stateset.db"}


def test_migration_answers_at_the_guides_place(
    image: ScratchImage, installation: dict[str, str]
) -> None:
    up = image.run(image.here("/app/migration"), "up", **installation)
    assert up.returncode == 0, up.stderr
    status = image.run(
        image.here("/app/migration"), "status", "--check", **installation
    )
    assert status.returncode == 0, status.stderr


def test_what_it_starts_by_itself_serves_pages_over_https_alone(
    image: ScratchImage, installation: dict[str, str]
) -> None:
    made = image.run("deploy/manage", "migrate", "--verbosity", "0", **installation)
    assert made.returncode == 0, made.stderr
    with started(image, installation) as url:
        probe = value("HEALTHCHECK").replace(":8000/", f":{url.rpartition(':')[2]}/")
        code = probe.partition('"-c", "')[2].rpartition('"]')[0]
        assert image.run("python", "-c", code, **installation).returncode == 0
        login = get(f"{url}/admin/login/", **HTTPS)
        assert login.status == 200
        style = login.body.partition("/static/")[2].partition('"')[0]
        assert get(f"{url}/static/{style}", **HTTPS).status == 200
        assert get(f"{url}/admin/login/", Host="shop.example").status == 301
        assert get(f"{url}/metrics", **HTTPS, X_Forwarded_For="10.0.0.9").status == 403


@contextmanager
def started(image: ScratchImage, installation: dict[str, str]) -> Iterator[str]:
    """Run the image's own command on a free port until the block ends."""
    port = free_port()
    *command, place = image.command()
    assert place == "0.0.0.0:8000"
    log = image.root / "log"
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            [*command, f"127.0.0.1:{port}"],
            cwd=image.folder,
            env=image.environment(installation),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            give_up_at = time.monotonic() + START_SECONDS
            while not answers(f"http://127.0.0.1:{port}/health"):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < give_up_at, "it did not start"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return get(url).status == 200
    except OSError:
        return False
