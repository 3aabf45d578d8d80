from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from dbops.errors import ProgramFailedError
from dbops.process import CHUNK_BYTES, Program, Running, run, running


def shell(script: str, **env: str) -> Program:
    return Program(["/bin/sh", "-c", script], env)


def python(script: str, *arguments: str) -> Program:
    return Program([sys.executable, "-c", script, *arguments])


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pids: Sequence[int]) -> bool:
    give_up_at = time.monotonic() + 5
    while any(map(is_alive, pids)) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return not any(map(is_alive, pids))


def test_the_whole_output_arrives_in_full_chunks() -> None:
    with running(shell(f"head -c {2 * CHUNK_BYTES + 5} /dev/zero")) as program:
        sizes = [len(chunk) for chunk in program.chunks()]
    assert sizes == [CHUNK_BYTES, CHUNK_BYTES, 5]


def test_run_returns_output_and_warnings() -> None:
    finished = run(shell("echo out; echo careful >&2"))
    assert (finished.output, finished.warnings) == ("out\n", ("careful",))


def test_a_failing_program_is_quoted() -> None:
    with pytest.raises(ProgramFailedError) as caught:
        run(shell("echo no such table >&2; exit 3"))
    assert str(caught.value) == (
        "sh did not do its work.\n"
        "  why: it ended with status 3: no such table\n"
        "  fix: mend what it names, then try again"
    )
    assert caught.value.returncode == 3


def test_a_killed_program_is_an_error_though_its_output_ended_well() -> None:
    with pytest.raises(ProgramFailedError) as caught:
        run(shell("echo half; kill -9 $$"))
    assert caught.value.why == "it was killed by signal 9 (SIGKILL) and said nothing"
    assert caught.value.returncode == -9


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailedError) as caught:
        run(Program([str(tmp_path / "pg_dump")]))
    assert str(caught.value) == (
        "pg_dump was not started.\n"
        f"  why: {tmp_path / 'pg_dump'}: No such file or directory\n"
        "  fix: install it, or make it executable for this user"
    )


def test_a_silent_program_is_stopped() -> None:
    with (
        pytest.raises(ProgramFailedError) as caught,
        running(shell("echo hung >&2; sleep 60"), silence_seconds=0.2) as program,
    ):
        list(program.chunks())
    assert caught.value.what == "sh was stopped."
    assert caught.value.why == "it did nothing for 0.2 seconds: hung"
    assert gone([program.pid])


def test_one_that_works_without_a_word_is_waited_for() -> None:
    seen = iter(range(1000))
    with running(
        shell("sleep 0.5"),
        read=False,
        silence_seconds=0.1,
        progress=lambda: next(seen),
    ):
        pass
    assert next(seen) > 1
    with (
        pytest.raises(ProgramFailedError, match="did nothing for"),
        running(shell("sleep 60"), read=False, silence_seconds=0.1, progress=lambda: 7),
    ):
        pass


def test_a_program_that_does_not_read_is_stopped() -> None:
    program = shell("sleep 60")
    with (
        pytest.raises(ProgramFailedError, match="sh was stopped"),
        running(program, feed=True, silence_seconds=0.2) as started,
    ):
        started.write(bytes(3 * CHUNK_BYTES))
    assert gone([started.pid])


def test_leaving_by_an_error_ends_the_whole_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbops.process.STOP_SECONDS", 0.2)
    noted = tmp_path / "pid"
    pids = []

    def fail_when_it_has_a_child(program: Running) -> None:
        while not (noted.exists() and noted.read_text()):
            time.sleep(0.01)
        pids.extend([program.pid, int(noted.read_text())])
        raise KeyError("mine")

    script = shell(f"trap '' TERM; sleep 60 & echo $! > {noted}; wait; sleep 60")
    with pytest.raises(KeyError, match="mine"), running(script) as program:
        fail_when_it_has_a_child(program)
    assert gone(pids)


def test_a_flood_of_warnings_neither_blocks_nor_piles_up() -> None:
    script = "import sys\nfor i in range(100000): print('w', i, file=sys.stderr)"
    finished = run(python(script))
    assert len(finished.warnings) == 200
    assert finished.warnings[-1] == "w 99999"


def test_what_a_program_no_longer_reads_is_dropped() -> None:
    with running(shell("head -c 10 >/dev/null"), feed=True) as program:
        for _ in range(5):
            program.write(bytes(CHUNK_BYTES))


def test_all_that_is_fed_arrives(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with running(shell(f"sleep 0.1; cat > {copy}"), feed=True) as program:
        for letter in (b"a", b"b", b"c"):
            program.write(letter * CHUNK_BYTES)
    assert copy.read_bytes() == b"".join(x * CHUNK_BYTES for x in (b"a", b"b", b"c"))


def test_output_that_nobody_reads_does_not_hang_the_end() -> None:
    with (
        pytest.raises(ProgramFailedError, match="sh did not do its work"),
        running(shell("head -c 9000000 /dev/zero; exit 1")),
    ):
        pass


@pytest.mark.parametrize(
    ("password", "shown"), [("s3 cret", "***"), ("of\ntwo lines", "***; ***")]
)
def test_a_password_is_not_repeated(password: str, shown: str) -> None:
    program = shell(
        'printf "refused: %s\n" "$PGPASSWORD" >&2; exit 1', PGPASSWORD=password
    )
    with pytest.raises(ProgramFailedError) as caught:
        run(program)
    assert caught.value.why == f"it ended with status 1: refused: {shown}"
    assert password not in repr(program)


def test_only_what_a_program_needs_is_inherited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP__SECRET_KEY", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("PGSSLMODE", "require")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    lines = run(Program(["/usr/bin/env"], {"PGUSER": "shop"})).output.splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert "LC_ALL=C" in lines
    assert {"PATH", "PGSSLMODE", "PGUSER"} <= names
    assert not {"APP__SECRET_KEY", "AWS_SECRET_ACCESS_KEY"} & names
