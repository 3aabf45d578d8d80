from __future__ import annotations

import json
import logging
from typing import Any

from django.http import HttpRequest

from stateset.lib.journal import acting
from stateset.system.logging import (
    ContextFilter,
    FaultFilter,
    JsonFormatter,
    TextFormatter,
)


def make_record(**overrides: Any) -> logging.LogRecord:
    """Return a record as a logger makes it, filtered, of a fixed time."""
    fields = {
        "name": "orders",
        "levelname": "INFO",
        "msg": "Order %s was placed.",
        "args": ("SO-1",),
        "created": 1_800_000_000.5,
    }
    record = logging.makeLogRecord({**fields, **overrides})
    ContextFilter().filter(record)
    return record


def test_a_line_is_one_json_object_with_request_and_actor():
    with acting(request_id="abc", actor_label="ann@example.com"):
        line = JsonFormatter().format(make_record(order="SO-1"))
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.500+00:00",
        "level": "INFO",
        "logger": "orders",
        "message": "Order SO-1 was placed.",
        "order": "SO-1",
        "request_id": "abc",
        "actor": "ann@example.com",
    }


def test_a_fault_keeps_its_traceback_in_the_same_line():
    fault = ValueError("broken\nin two")
    exc_info = (ValueError, fault, None)
    line = JsonFormatter().format(make_record(exc_info=exc_info))
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: broken\nin two")


def test_a_line_for_people_says_it_in_words():
    with acting(request_id="abc"):
        line = TextFormatter().format(make_record(order="SO-1"))
    assert line == (
        "2027-01-15 08:00:00+00:00 INFO orders: Order SO-1 was placed. request_id=abc"
    )


def test_only_faults_are_told_beside_the_access_log():
    fault = make_record(exc_info=(ValueError, ValueError("broken"), None))
    assert FaultFilter().filter(fault) is True
    assert (
        FaultFilter().filter(make_record(msg="Not Found: /nowhere", args=())) is False
    )


def test_what_is_forbidden_is_told_in_one_line_however_often_it_is_filtered():
    denied = (PermissionError, PermissionError("no"), None)
    record = make_record(exc_info=denied, status_code=403)
    assert [FaultFilter().filter(record) for _ in range(2)] == [True, True]
    assert TextFormatter().format(record).splitlines()[1:] == []
    assert "is_told" not in json.loads(JsonFormatter().format(record))


def test_what_django_logs_after_the_request_has_its_number_too():
    request = HttpRequest()
    request.META["STATESET_REQUEST_ID"] = "abc"
    line = json.loads(JsonFormatter().format(make_record(request=request)))
    assert line["request_id"] == "abc"
    assert "request" not in line


def test_a_fault_behind_a_password_link_is_logged_without_its_secret():
    record = logging.LogRecord(
        "django.request",
        logging.ERROR,
        __file__,
        1,
        "%s: %s",
        ("Internal Server Error", "/reset-password/TLEX-secret/"),
        (ValueError, ValueError("x"), None),
    )

    assert FaultFilter().filter(record)
    assert record.getMessage() == ("Internal Server Error: /reset-password/<secret>/")
