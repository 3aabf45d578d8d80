"""Run flows at the same time, on connections of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from stateset.lib.errors import StatesetError


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
            connection.close()

    with ThreadPoolExecutor(len(flows)) as threads:
        return list(threads.map(run, flows))


def refusals(results: Sequence[Any]) -> list[type]:
    """Return the kinds of refusal among results."""
    return [type(result) for result in results if isinstance(result, StatesetError)]
