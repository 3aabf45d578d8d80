"""Write one unmistakable word into everything that the rules call personal."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone

from dbops.models import SchedulePause
from stateset.accounts.services import (
    issue_api_key,
    issue_refresh_token,
    request_password_reset,
)
from stateset.lib.anonymise import Table, all_tables
from stateset.lib.anonymise_rules import PLAIN
from stateset.system.models import AuditEntry, Erasure, Event
from stateset.system.sealing.flow import seal_log
from stateset.system.triggers import ledgers_open
from tests.finance.builders import make_cash_sale, make_invoice
from tests.orders.builders import make_address, make_cart, make_customer
from tests.returns.builders import make_return
from tests.stateset import flows
from tests.stateset.builders import make_integrity_run, make_user

WORD = "quimby"

_numbers = count(1)


def planted() -> str:
    """Return a text that passes for an e-mail, and is like no other."""
    return f"{WORD}{next(_numbers)}@q.example"


def plant() -> list[str]:
    """Make a company in which one row of each table is full of the word.

    Returns the models of which it has no row.
    """
    _make_company()
    _let_people_in()
    with ledgers_open():
        for table in all_tables():
            row = table.model._base_manager.order_by("pk").first()
            if row is not None and not table.is_emptied:
                fill(table, row)
    seal_log()
    models = [table.model for table in all_tables()]
    return [model._meta.label for model in models if not model._base_manager.exists()]


def _make_company() -> None:
    make_address(make_customer())
    make_cart()
    make_cash_sale()
    make_invoice()
    make_return()
    flows.scan("delivered")
    flows.claim()
    flows.plan_steps()
    flows.announce()
    flows.receive_in_part()


def _let_people_in() -> None:
    user = make_user(name=planted())
    issue_api_key(user=user, name=planted(), scopes=["metrics:read"])
    issue_refresh_token(user)
    request_password_reset(user)
    Session.objects.create(
        session_key="s" * 32, session_data=planted(), expire_date=timezone.now()
    )
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.first(),
        object_repr=planted(),
        action_flag=ADDITION,
    )
    make_integrity_run([["orders.rule", planted(), planted()]])
    Erasure.objects.create(subject="orders.customer", subject_id=uuid4())
    SchedulePause.objects.create(name="prune", paused_by=planted(), reason=planted())


def fill(table: Table, row: models.Model) -> None:
    """Write a word of its own into each column of a row that a rule calls personal."""
    values = {
        name: _value(row, name, table.model._meta.get_field(name))
        for name, rule in table.rules.items()
        if rule is not PLAIN
    }
    table.model._base_manager.filter(pk=row.pk).update(**values)


def _value(row: models.Model, name: str, field: Any) -> Any:
    if isinstance(row, AuditEntry) and name == "changes":
        return {"email": [planted(), planted()], "unheard of": {"deep": [planted()]}}
    if isinstance(row, Event) and name == "payload":
        more = {"reason": planted(), "lines": [{"note": planted()}]}
        return {**row.payload, **more, "changes": {"notes": ["", planted()]}}
    if isinstance(field, models.JSONField):
        return {key: planted() for key in ("name", "line1", "phone", "unheard of")}
    return planted()
