from __future__ import annotations

from pathlib import Path

import pytest

from deploy.dev.redis_program import configuration, find_redis_server


def test_the_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_redis_server() == program


def test_a_wheel_serves_where_the_path_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = find_redis_server()
    assert program is not None
    assert "site-packages" in program.parts


def test_the_server_listens_to_this_machine_only_and_wants_a_password(
    tmp_path: Path,
) -> None:
    lines = configuration(port=6390, password="secret", folder=tmp_path).splitlines()
    assert lines[:3] == ["bind 127.0.0.1", "port 6390", "requirepass secret"]
