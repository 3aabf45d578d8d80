"""Run flows at the same time, on connections of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import Context
from threading import Barrier
from time import monotonic, sleep
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from stateset.lib.errors import StatesetError

# They stay, each with its connection: to open one is dear, on SQLite above all.
_threads = ThreadPoolExecutor(64, thread_name_prefix="at once")
_kept: set[Any] = set()


def at_once(*flows: Callable[[], Any]) -> list[Any]:
    """Run the flows in threads that start together; return results or refusals."""
    start = Barrier(len(flows))

    def run(flow: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=10)
            return flow()
        except StatesetError as error:
            return error
        finally:
            _leave()

    # A context of its own, as a new thread has: nobody acts, nothing is remembered.
    begun = [_threads.submit(Context().run, run, flow) for flow in flows]
    wait(begun)
    return [each.result() for each in begun]


def close_kept() -> None:
    """Close the connections that threads have kept, before their database goes."""
    while _kept:
        kept = _kept.pop()
        kept.inc_thread_sharing()
        kept.close()


def until_somebody_waits() -> None:
    """Return once another transaction waits for this one, or does not after a while.

    At once on SQLite, where all wait that write while anybody does.
    """
    used = connections[DEFAULT_DB_ALIAS]
    give_up = monotonic() + 20
    while used.vendor == "postgresql" and monotonic() < give_up:
        with used.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
                " AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone() != (0,):
                return
        sleep(0.02)


def refusals(results: Sequence[Any]) -> list[type]:
    """Return the kinds of refusal among results."""
    return [type(result) for result in results if isinstance(result, StatesetError)]


def _leave() -> None:
    """Keep the connection to the database of the tests, if it is as new."""
    for alias in [each.alias for each in connections.all(initialized_only=True)]:
        used = connections[alias]
        is_as_new = not used.in_atomic_block and not used.errors_occurred
        if alias == DEFAULT_DB_ALIAS and is_as_new:
            _kept.add(used)
        else:
            used.close()
            del connections[alias]
