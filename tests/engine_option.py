"""The ``--engine`` option: which database the whole run is on.

A plugin and not a conftest: the server must be there, and the environment must
name it, before pytest-django reads the settings. Workers of pytest-xdist inherit
the environment, so they share one server.
"""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.services.postgresql import client_programs_on_path, postgresql_server

ENGINES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=ENGINES,
        default=os.environ.get("STATESET_TEST_ENGINE", ENGINES[0]),
        help="The database to test on. A PostgreSQL server is started for the run "
        "unless TEST_DATABASE_URL names one.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Name the engine to tests/settings.py, and start what it needs."""
    engine = early_config.known_args_namespace.engine
    os.environ["STATESET_TEST_ENGINE"] = engine
    servers = ExitStack()
    early_config.add_cleanup(servers.close)
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        # A time limit ends a run as Ctrl-C does: nothing is left behind.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        folder = tempfile.TemporaryDirectory(prefix="stateset-tests-")
        os.environ["STATESET_TEST_FOLDER"] = servers.enter_context(folder)
    if engine == "postgresql" and not os.environ.get("TEST_DATABASE_URL"):
        server = servers.enter_context(postgresql_server())
        os.environ["TEST_DATABASE_URL"] = server.url
        os.environ["PATH"] = client_programs_on_path(server)
    return (yield)


def pytest_report_header() -> str:
    return f"engine: {os.environ['STATESET_TEST_ENGINE']}"


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out the tests that speak of another engine; put the long ones first.

    A worker that begins its longest test last keeps the other one waiting.
    """
    others = set(ENGINES) - {config.known_args_namespace.engine}
    leave_out = [item for item in items if _only_for(item) & others]
    if leave_out:
        config.hook.pytest_deselected(items=leave_out)
        items[:] = [item for item in items if item not in leave_out]
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Have Python look for garbage in what tests leave, not in what they begin with.

    The tables of Django and a few thousand tests are never garbage.
    """
    gc.freeze()
    gc.set_threshold(20_000)


def _only_for(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers() if mark.name in ENGINES}
