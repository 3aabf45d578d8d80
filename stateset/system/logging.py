"""How a log line looks: one JSON object, or one line for a terminal."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from stateset.lib.journal import current_context

STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
# Django hands whole objects along, of which the log keeps nothing.
UNWANTED = {"request", "server_time", "is_told"}
# The message has the rest in words.
SHOWN_TO_PEOPLE = ("actor", "request_id")
REQUEST_ID_KEY = "STATESET_REQUEST_ID"
SECRET_IN_PATH = re.compile(r"(/reset-password/).+")


def without_secret(path: str) -> str:
    """Return a path as the log shows it: the route, where a secret stands in it."""
    return SECRET_IN_PATH.sub(r"\1<secret>/", path)


class ContextFilter(logging.Filter):
    """Add request and actor to each record; it lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = current_context()
        # Django logs a fault after the middlewares are done, with the request.
        meta = getattr(getattr(record, "request", None), "META", {})
        request_id = context.request_id or meta.get(REQUEST_ID_KEY, "")
        if request_id:
            record.request_id = request_id
        if context.actor_label:
            record.actor = context.actor_label
        return True


class FaultFilter(logging.Filter):
    """Let faults pass with their traceback, and what was forbidden in one line.

    That a page was not found, or not read, is in the access log already.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                without_secret(part) if isinstance(part, str) else part
                for part in record.args
            )
        if record.exc_info and _is_forbidden(record):
            # Nothing is broken: who asked for what is all there is to know.
            record.exc_info = None
            # Set up twice in one process, a logger has its filters twice.
            record.is_told = True
        return bool(record.exc_info) or getattr(record, "is_told", False)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _instant(record).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """A line for people: time, level, logger, message, then what else is known."""

    def format(self, record: logging.LogRecord) -> str:
        time = _instant(record).isoformat(sep=" ", timespec="seconds")
        known = vars(record)
        extra = "".join(
            f" {key}={known[key]}" for key in SHOWN_TO_PEOPLE if key in known
        )
        line = f"{time} {record.levelname} {record.name}: {record.getMessage()}{extra}"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line


def _is_forbidden(record: logging.LogRecord) -> bool:
    return getattr(record, "status_code", 0) == HTTPStatus.FORBIDDEN


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, tz=UTC)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {
        key: value
        for key, value in vars(record).items()
        if key not in STANDARD and key not in UNWANTED
    }
