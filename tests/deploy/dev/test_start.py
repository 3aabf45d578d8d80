from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROCFILE = "talker: while :; do echo something to say; sleep 0.05; done\n"


def test_it_ends_with_its_reader(tmp_path: Path) -> None:
    (tmp_path / "deploy/dev").mkdir(parents=True)
    (tmp_path / "deploy/dev/Procfile").write_text(PROCFILE, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.dev.start", "talker"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) != 0
