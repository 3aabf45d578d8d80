"""What is logged, and how: everything to standard error, one line each."""

from __future__ import annotations

from typing import Any


def read_logging(*, level: str, style: str, log_queries: bool) -> dict[str, Any]:
    """Return Django's ``LOGGING`` for a level and a format."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "context": {"()": "stateset.system.logging.ContextFilter"},
            "faults": {"()": "stateset.system.logging.FaultFilter"},
        },
        "formatters": {
            "json": {"()": "stateset.system.logging.JsonFormatter"},
            "text": {"()": "stateset.system.logging.TextFormatter"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["context"],
                "formatter": style,
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print every line twice.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"filters": ["faults"]},
            # Whoever tries names of hosts would fill the log with tracebacks.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            # What is asked for is shown, whatever else is not.
            "stateset.queries": {"level": "DEBUG" if log_queries else level},
            # What runserver shows.
            "django.server": {"level": "INFO"},
        },
    }
