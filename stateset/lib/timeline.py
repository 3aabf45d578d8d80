"""What happened to documents, for the pages that tell it.

This module owns no table: ``stateset.system`` keeps the events, and adds how they are
read. A subject is what an event is about: the name of a model, and a key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest

Subject = tuple[str, UUID]
Link = tuple[str, str]


@dataclass(frozen=True)
class Happening:
    """One thing that happened: to what, when, by whom, and why if that was said."""

    subject: Subject
    name: str
    at: datetime
    by: str = ""
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


Memory = Callable[[Collection[Subject], int], list[Happening]]
Guide = Callable[[Model, HttpRequest], list[Link]]

_memories: list[Memory] = []
_guides: list[Guide] = []


def add_memory(memory: Memory) -> None:
    """Have ``memory`` asked what happened to subjects: the newest, that many."""
    if memory not in _memories:
        _memories.append(memory)


def add_guide(guide: Guide) -> None:
    """Have ``guide`` say where this person can read more about a row."""
    if guide not in _guides:
        _guides.append(guide)


def happenings(subjects: Collection[Subject], limit: int) -> list[Happening]:
    """Return the newest happenings of all the subjects, newest first."""
    found = [each for memory in _memories for each in memory(subjects, limit)]
    # Stable: of two at one moment the one written last stays first.
    return sorted(found, key=lambda each: each.at, reverse=True)[:limit]


def further_reading(row: Model, request: HttpRequest) -> list[Link]:
    """Return label and address of every page that tells more about ``row``."""
    return [link for guide in _guides for link in guide(row, request)]
