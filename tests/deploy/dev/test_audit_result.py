from __future__ import annotations

import json

from deploy.dev.audit_result import judge


def make_report(**packages: list[dict[str, object]] | str) -> str:
    """Write what pip-audit writes: a list of faults, or why a package was skipped."""
    dependencies = [
        {"name": name, "skip_reason": found}
        if isinstance(found, str)
        else {"name": name, "version": "1.0", "vulns": found}
        for name, found in packages.items()
    ]
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_a_fault_fails_and_says_what_mends_it() -> None:
    report = make_report(
        six=[], django=[{"id": "PYSEC-2026-1", "fix_versions": ["1.1", "2.0"]}]
    )
    exit_code, text = judge(report, "")
    assert exit_code == 1
    assert text == (
        "Known faults in the packages of uv.lock:\n"
        "  django 1.0: PYSEC-2026-1, mended in 1.1, 2.0"
    )


def test_a_clean_report_counts_what_was_and_was_not_looked_at() -> None:
    report = make_report(six=[], django=[], uv="not found")
    assert judge(report, "") == (
        0,
        "2 packages audited, no known fault; 1 not audited.",
    )


def test_no_advisories_are_not_an_all_clear() -> None:
    exit_code, text = judge(make_report(six="not found on PyPI: six (1.0)"), "")
    assert exit_code == 0
    assert text == (
        "No advisory data reachable, so nothing was audited: "
        "not found on PyPI: six (1.0)"
    )


def test_a_stopped_audit_says_why_it_stopped() -> None:
    exit_code, text = judge("", "Traceback\nConnectionError: no route\n")
    assert exit_code == 0
    assert text == (
        "No advisory data reachable, so nothing was audited: ConnectionError: no route"
    )
