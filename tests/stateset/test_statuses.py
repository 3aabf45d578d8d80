"""Every status of every document is reached by a flow, step by legal step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps

from stateset.lib.models import Document
from stateset.system.models import Event
from tests.stateset.admin_forms import leave_work_to_do
from tests.stateset.admin_walk import fill_tables
from tests.stateset.flows import MORE


def machines() -> Iterator[type[Document]]:
    """Yield the documents that have a status."""
    for model in apps.get_models():
        if issubclass(model, Document) and model.TRANSITIONS:
            yield model


def statuses(model: type[Document]) -> set[str]:
    """Return every status that a document can have by its column."""
    return {str(value) for value, _ in column(model).flatchoices}


def first(model: type[Document]) -> str:
    """Return the status a document begins with."""
    return str(column(model).get_default())


def column(model: Any) -> Any:
    return model._meta.get_field("status")


def reached(model: type[Document]) -> set[str]:
    """Return the statuses that documents were brought to, by what events tell."""
    events = Event.objects.filter(aggregate_type=model._meta.model_name)
    return {
        str(payload.get("to")) for payload in events.values_list("payload", flat=True)
    }


def test_every_status_can_be_reached_by_legal_steps() -> None:
    lost = {}
    for model in machines():
        found, waiting = {first(model)}, [first(model)]
        while waiting:
            following = set(model.TRANSITIONS.get(waiting.pop(), ())) - found
            found |= following
            waiting += following
        if found != statuses(model):
            lost[model._meta.label] = found ^ statuses(model)
    assert lost == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.exhaustive
@pytest.mark.long
def test_every_status_is_reached_by_a_flow() -> None:
    fill_tables()
    leave_work_to_do()
    for go in MORE:
        go()

    unmet = [
        f"{model._meta.label}: {status}"
        for model in machines()
        for status in sorted(statuses(model) - {first(model)} - reached(model))
    ]
    assert "\n".join(unmet) == ""
