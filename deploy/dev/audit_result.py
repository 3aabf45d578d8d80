"""Say what pip-audit found; exit 1 only when it found a fault."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def judge(report: str, messages: str) -> tuple[int, str]:
    """Return the exit code and what to print.

    Where only a package index is reachable, pip-audit either skips every package
    or stops without a report: neither is a finding, and neither is an all-clear.
    """
    packages: list[dict[str, Any]] = (
        json.loads(report)["dependencies"] if report else []
    )
    audited = [package for package in packages if "vulns" in package]
    faults = [
        _line(package, fault) for package in audited for fault in package["vulns"]
    ]
    if faults:
        return 1, "\n".join(("Known faults in the packages of uv.lock:", *faults))
    if not audited:
        reason = packages[0]["skip_reason"] if packages else _last_line(messages)
        return 0, f"No advisory data reachable, so nothing was audited: {reason}"
    skipped = len(packages) - len(audited)
    return 0, f"{len(audited)} packages audited, no known fault; {skipped} not audited."


def main(arguments: Sequence[str]) -> int:
    """Judge the two files that the script ``audit`` wrote."""
    report, messages = (_read(Path(name)) for name in arguments)
    exit_code, text = judge(report, messages)
    sys.stdout.write(f"{text}\n")
    return exit_code


def _line(package: dict[str, Any], fault: dict[str, Any]) -> str:
    mended_in = ", ".join(fault["fix_versions"]) or "no version yet"
    where = f"{package['name']} {package['version']}"
    return f"  {where}: {fault['id']}, mended in {mended_in}"


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2] or "pip-audit said nothing"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
