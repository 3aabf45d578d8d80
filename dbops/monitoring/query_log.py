"""Log what is asked of a database: all of it for developers, the slow everywhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops import conf
from dbops.monitoring.masking import masked, one_line

logger = logging.getLogger("stateset.queries")

VALUES_LENGTH = 300
STATEMENT_LENGTH = 2000


@dataclass(frozen=True)
class QueryLog:
    """Times each query of one connection.

    In production nothing that was typed in is logged: no parameters, and values
    that stand in the text are masked.
    """

    logs_all: bool
    slow_seconds: float
    with_values: bool

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,  # noqa: FBT001 -- Django's signature
        context: dict[str, Any],
    ) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self._tell(time.perf_counter() - began, str(sql), params, many=many)

    def _tell(self, seconds: float, sql: str, params: Any, *, many: bool) -> None:
        is_slow = bool(self.slow_seconds) and seconds >= self.slow_seconds
        level = logging.WARNING if is_slow else logging.DEBUG
        if not (is_slow or self.logs_all) or not logger.isEnabledFor(level):
            return
        logger.log(
            level,
            "%s%.1f ms: %s%s",
            "Slow query, " if is_slow else "",
            seconds * 1000,
            self._statement(sql),
            self._values(params, many=many),
        )

    def _statement(self, sql: str) -> str:
        shown = one_line(sql if self.with_values else masked(sql))
        return shown[:STATEMENT_LENGTH]

    def _values(self, params: Any, *, many: bool) -> str:
        if many:
            return f" ({len(params)} times)" if hasattr(params, "__len__") else ""
        if not self.with_values or not params:
            return ""
        return f" {params!r}"[:VALUES_LENGTH]


def on_connection_created(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Time a connection's queries if the settings ask for it; once, however often."""
    logs_all, slow_seconds, with_values = conf.query_log()
    if not (logs_all or slow_seconds):
        return
    log = QueryLog(logs_all, slow_seconds, with_values)
    if log not in connection.execute_wrappers:
        connection.execute_wrappers.append(log)
