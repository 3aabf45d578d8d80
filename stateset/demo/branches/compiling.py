"""Turn the values of one branch into lines with gaps where the others differ."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Field, Model

from stateset.demo.branches.tables import FIRST_ONLY, SUBJECT
from stateset.demo.branches.varying import (
    BRANCH,
    Branch,
    Code,
    First,
    FirstName,
    House,
    LastName,
    Line,
    Mail,
    Moment,
    Number,
    Numbered,
    Varying,
)
from stateset.demo.names import COMPANIES, FIRST_NAMES, LAST_NAMES, plain_letters

Part = str | Varying

TOKENS = re.compile(
    r"\b(?:(?P<key>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<series>[A-Z]{2,4}-\d{4})-(?P<number>\d{6,})"
    r"|(?P<first>[a-z]+)\.(?P<last>[a-z]+)(?P<customer>\d+)@example\.net"
    r"|(?P<head>[A-Z]+-?)(?P<digits>\d{5,}))\b"
)
FIRST = {name: FirstName(index) for index, name in enumerate(FIRST_NAMES)}
LAST = {name: LastName(index) for index, name in enumerate(LAST_NAMES)}
FIRST_MAIL = {plain_letters(name): first for name, first in FIRST.items()}
LAST_MAIL = {plain_letters(name): last for name, last in LAST.items()}
PEOPLE: dict[str, tuple[Part, ...]] = {
    f"{first} {last}": (FIRST[first], " ", LAST[last])
    for first in FIRST_NAMES
    for last in LAST_NAMES
}
HOUSES = {name: House(name) for name in COMPANIES}
KEYS_BEFORE = 4_000_000
"""Keys are made as in the last hour or so, one millisecond each."""


class Dialect(Protocol):
    """How an engine takes values as text."""

    null: str
    separator: str
    end: str
    zone: str
    """What follows a time."""

    def truth(self, value: bool, /) -> str:  # noqa: FBT001 - a value, not a switch
        """Return a boolean."""

    def key(self, digits: str) -> str:
        """Return a key, of which the digits may have a gap."""

    def escape(self, text: str) -> str:
        """Return text that can't be taken for a separator."""


class Compiler:
    """Compile rows; remembers which key stands for which, and which codes are whose.

    ``shared`` are the keys of rows that all branches share: they stay. ``series`` are
    the series of document numbers.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        branches: int,
        now: datetime,
        seed: int,
        shared: Collection[UUID],
        series: Collection[str],
    ) -> None:
        self.dialect = dialect
        self.branches = branches
        self.now = now
        self.shared = shared
        self.series = series
        self.random = Random(seed)  # noqa: S311 - nothing is kept secret with it
        self.first_key = int(now.timestamp() * 1000) - KEYS_BEFORE
        self.keys: dict[UUID, str] = {}
        self.names: dict[str, Varying] = {}
        self.ranks: Counter[tuple[str, int]] = Counter()

    def tell_apart(self, values: Iterable[str]) -> None:
        """Have these values, and every mention of them, differ between branches."""
        for value in values:
            if value in self.names or any(map(_varies, self.words(value))):
                continue
            found = TOKENS.fullmatch(value)
            if found and found["digits"]:
                self.names[value] = self._code(found["head"], len(found["digits"]))
            else:
                self.names[value] = Numbered(value, "-{:03d}")

    def shared_line(self, fields: list[Field[Any, Any]], row: tuple[Any, ...]) -> Line:
        """Return the line of a row that all branches share, as it is."""
        cells: list[list[Part]] = [
            [self.dialect.escape(json.dumps(value, ensure_ascii=False))]
            if _is_json(field)
            else self._plain(value)
            for field, value in zip(fields, row, strict=True)
        ]
        return Line(self._join(cells), is_once=True)

    def line(
        self, model: type[Model], fields: list[Field[Any, Any]], row: tuple[Any, ...]
    ) -> Line:
        """Return the line of a row that each branch has."""
        label = model._meta.label
        subject = SUBJECT.get(label)
        is_once = False
        cells = []
        for field, value in zip(fields, row, strict=True):
            cells.append(self._cell(f"{label}.{field.attname}", field, value))
            is_once = is_once or (field.attname == subject and value in self.shared)
        return Line(self._join(cells), is_once=is_once)

    def words(self, text: str) -> Iterator[Part]:
        """Yield the parts of a text: what differs, and what stands between."""
        if text in PEOPLE:
            yield from PEOPLE[text]
        elif text in HOUSES:
            yield HOUSES[text]
        elif text in self.names:
            yield self.names[text]
        else:
            yield from self._tokens(text)

    def _cell(self, name: str, field: Field[Any, Any], value: Any) -> list[Part]:
        if value is None:
            return [self.dialect.null]
        if name in FIRST_ONLY:
            return [First(self.dialect.truth(value), self.dialect.truth(False))]  # noqa: FBT003 - a value
        if isinstance(value, UUID):
            return [self._key(value)]
        if isinstance(value, datetime):
            return self._moment(value)
        if _is_json(field):
            return self._escaped(self._json(value))
        if isinstance(value, str):
            return self._escaped(_OWN_WORDS.get(name, self.words)(value))
        return self._plain(value)

    def _plain(self, value: Any) -> list[Part]:
        if value is None:
            return [self.dialect.null]
        if isinstance(value, bool):
            return [self.dialect.truth(value)]
        if isinstance(value, UUID):
            return [self.dialect.key(value.hex)]
        if isinstance(value, datetime):
            utc = value.astimezone(UTC).replace(tzinfo=None)
            return [f"{utc.isoformat(' ')}{self.dialect.zone}"]
        if isinstance(value, Decimal):
            return [format(value, "f")]
        return [self.dialect.escape(str(value))]

    def _moment(self, value: datetime) -> list[Part]:
        if value > self.now:
            return self._plain(value)
        utc = value.astimezone(UTC).replace(tzinfo=None)
        minute = int((utc - datetime(1970, 1, 1)).total_seconds() // 60)  # noqa: DTZ001 - both without a zone
        return [Moment(minute), f"{utc.isoformat()[16:]}{self.dialect.zone}"]

    def _key(self, value: UUID) -> str:
        if value in self.shared:
            return self.dialect.key(value.hex)
        return self.dialect.key(self._digits(value))

    def _digits(self, value: UUID) -> str:
        """Return the key of version 7 that stands for a key, without the branch."""
        if value not in self.keys:
            moment = self.first_key + len(self.keys)
            rest = 2 << 62 | self.random.getrandbits(62)
            self.keys[value] = f"{moment:012x}7{BRANCH}{rest:016x}"
        return self.keys[value]

    def _tokens(self, text: str) -> Iterator[Part]:
        end = 0
        for found in TOKENS.finditer(text):
            varying = self._token(found)
            if varying is not None:
                yield text[end : found.start()]
                yield varying
                end = found.end()
        yield text[end:]

    def _token(self, found: re.Match[str]) -> Part | None:
        if found["key"]:
            key = UUID(found["key"])
            return None if key in self.shared else hyphenated(self._digits(key))
        if found["number"]:
            if found["series"] not in self.series:
                return None
            return Number(found["series"], int(found["number"]))
        if found["customer"]:
            first, last = FIRST_MAIL.get(found["first"]), LAST_MAIL.get(found["last"])
            if first is None or last is None:
                return None
            return Mail(first, last, int(found["customer"]))
        return self.names.get(found[0])

    def _code(self, head: str, width: int) -> Code:
        rank = self.ranks[head, width]
        self.ranks[head, width] += 1
        if (rank + 1) * self.branches > 10**width:
            raise OverflowError(f"more than 10^{width} codes {head}")
        return Code(head, width, rank)

    def _json(self, value: Any) -> Iterator[Part]:
        if isinstance(value, dict):
            yield "{"
            for place, (name, each) in enumerate(value.items()):
                yield f"{', ' if place else ''}{json.dumps(name)}: "
                yield from self._json(each)
            yield "}"
        elif isinstance(value, list):
            yield "["
            for place, each in enumerate(value):
                yield ", " if place else ""
                yield from self._json(each)
            yield "]"
        elif isinstance(value, str):
            yield '"'
            for part in self.words(value):
                is_text = isinstance(part, str) and BRANCH not in part
                yield (json.dumps(part, ensure_ascii=False)[1:-1] if is_text else part)
            yield '"'
        else:
            yield json.dumps(value)

    def _escaped(self, parts: Iterable[Part]) -> list[Part]:
        return [
            self.dialect.escape(part) if isinstance(part, str) else part
            for part in parts
        ]

    def _join(self, cells: list[list[Part]]) -> tuple[Part, ...]:
        """Return the parts of a row, what stands side by side as one text."""
        parts: list[Part] = []
        for place, cell in enumerate(cells):
            parts += [self.dialect.separator] if place else []
            parts += cell
        parts.append(self.dialect.end)
        joined: list[Part] = []
        for part in parts:
            last = joined[-1] if joined else None
            if isinstance(part, str) and isinstance(last, str):
                joined[-1] = last + part
            else:
                joined.append(part)
        return tuple(each for part in joined for each in _without_gaps(part))


def hyphenated(digits: str) -> str:
    """Return a key as people write it; the gap of the branch counts for three."""
    full = digits.replace(BRANCH, BRANCH * 3)
    written = "-".join((full[:8], full[8:12], full[12:16], full[16:20], full[20:]))
    return written.replace(BRANCH * 3, BRANCH)


def _without_gaps(part: Part) -> Iterator[Part]:
    """Yield a part, the gaps of keys in it as parts of their own."""
    if isinstance(part, str):
        first, *others = part.split(BRANCH)
        yield first
        for other in others:
            yield from (Branch(), other)
    else:
        yield part


def _varies(part: Part) -> bool:
    return not isinstance(part, str) or BRANCH in part


def _is_json(field: Field[Any, Any]) -> bool:
    return field.get_internal_type() == "JSONField"


def _first(text: str) -> list[Part]:
    return [FIRST.get(text, text)]


def _last(text: str) -> list[Part]:
    return [LAST.get(text, text)]


def _place(text: str) -> list[Part]:
    return [Numbered(text, " {}")]


_OWN_WORDS: dict[str, Any] = {
    "orders.Customer.first_name": _first,
    "orders.Customer.last_name": _last,
    "inventory.Location.name": _place,
}
