"""The units are sound to systemd itself, and give a process little to misuse."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.places import DEPLOY, ROOT

UNITS = DEPLOY / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
MOST_EXPOSED = "25"
"""Tenths of systemd's own measure, from 0 to 10; a service without a word has 9.6."""

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on the PATH"
)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Give the units as they would be installed, for this folder."""
    units = tmp_path / "units"
    shutil.copytree(UNITS, units)
    for path in units.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace("/opt/stateset", str(ROOT))
            path.write_text(text, encoding="utf-8")
    return units


def analyse(units: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_systemd
def test_systemd_has_nothing_against_them(installed: Path) -> None:
    units = [path for path in installed.iterdir() if path.is_file()]
    done = analyse(installed, "verify", "--man=no", *units)
    ours = [line for line in done.stderr.splitlines() if "stateset" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_reach_little(installed: Path, name: str) -> None:
    done = analyse(
        installed, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", name
    )
    assert done.returncode == 0, done.stdout


@needs_systemd
def test_the_timer_keeps_the_guides_times(installed: Path) -> None:
    text = (installed / "stateset-backup.timer").read_text(encoding="utf-8")
    times = re.findall(r"^OnCalendar=(.+)$", text, re.MULTILINE)
    for time in times:
        assert analyse(installed, "calendar", time).returncode == 0
    assert times == ["*-*-* 00/4:00:00", "*-*-* 02:00:00"]


def test_they_start_what_is_there() -> None:
    for name in SERVICES:
        text = (UNITS / name).read_text(encoding="utf-8")
        (program,) = re.findall(r"^ExecStart=/opt/stateset/(\S+)", text, re.MULTILINE)
        assert (ROOT / program).exists()


def test_what_holds_for_all_is_said_once() -> None:
    common = (UNITS / "stateset-.service.d" / "common.conf").read_text(encoding="utf-8")
    for line in (
        "User=stateset",
        "EnvironmentFile=/etc/stateset/stateset.env",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ReadWritePaths=/var/backups/stateset",
    ):
        assert f"\n{line}\n" in common
