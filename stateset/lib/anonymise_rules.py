"""What becomes of a personal value: the same for the same value, under one key.

Nobody can guess a pseudonym backwards without the key, which is made for each copy and
kept nowhere. What is made up says so: names end in "yx" and "oxa", e-mails are of
example.com, phone numbers are among those that are given to nobody.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from abc import ABC, abstractmethod
from base64 import b32encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management import get_commands

REDACTED = "[redacted]"
REMOVED = "(removed)"
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
CODE_LETTERS = 24
KEY_BYTES = 32


class Pseudonyms:
    """Makes pseudonyms under one key, by HMAC-SHA256."""

    def __init__(self, key: bytes = b"") -> None:
        """Without a ``key`` take a random one, which is kept nowhere."""
        self._key = key or secrets.token_bytes(KEY_BYTES)

    def digest(self, kind: str, value: str) -> bytes:
        """Return 32 bytes for a value, others for each kind of value."""
        return hmac.digest(self._key, f"{kind}\0{value}".encode(), "sha256")

    def code(self, kind: str, value: str, letters: int) -> str:
        """Return small letters and digits, 5 bits each: 16 of them never repeat."""
        return b32encode(self.digest(kind, value)).decode().lower()[:letters]

    def word(self, kind: str, value: str, ending: str) -> str:
        """Return a word that can be spoken: 68,600 different ones."""
        made = self.digest(kind, value.casefold())
        sets = (CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS)
        letters = (
            each[int.from_bytes(made[2 * at : 2 * at + 2], "big") % len(each)]
            for at, each in enumerate(sets)
        )
        return "".join(letters).capitalize() + ending


class Rule(ABC):
    """What becomes of the values of one column, or under one name in JSON."""

    @abstractmethod
    def of(self, value: Any, names: Pseudonyms, about: str = "") -> Any:
        """Return what takes the place of ``value``; ``about`` says of what it is."""


@dataclass(frozen=True)
class Text(Rule):
    """A rule for texts, in lists and objects too; nothing stays nothing.

    ``make`` gets the text without blanks around it. ``longest`` is how long a
    pseudonym can be, 0 as long as the text was; a rule that ``is_unique`` makes two
    of two, as unique columns need.
    """

    make: Callable[[Pseudonyms, str], str]
    longest: int = 0
    is_unique: bool = False

    def of(self, value: Any, names: Pseudonyms, about: str = "") -> Any:
        if isinstance(value, str):
            text = value.strip()
            return self.make(names, text) if text not in ("", REDACTED) else value
        if isinstance(value, list):
            return [self.of(each, names) for each in value]
        if isinstance(value, dict):
            return {name: self.of(each, names) for name, each in value.items()}
        return value


@dataclass(frozen=True)
class Keyed(Rule):
    """A rule for JSON: by its name each value has its own, at whatever depth.

    Values whose name is not known have the rule ``other``. A text may be JSON itself,
    as SQLite's audit log keeps it.
    """

    keys: Mapping[str, Rule]
    other: Rule

    def of(self, value: Any, names: Pseudonyms, about: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._of(name, each, names) for name, each in value.items()}
        if isinstance(value, list):
            return [self.of(each, names) for each in value]
        if isinstance(value, str) and value.startswith(("{", "[")):
            try:
                return json.dumps(self.of(json.loads(value), names))
            except ValueError:
                pass
        return self.other.of(value, names)

    def _of(self, name: str, value: Any, names: Pseudonyms) -> Any:
        if (rule := self.keys.get(name)) is not None:
            return rule.of(value, names)
        return self.of(value, names)


def _email(names: Pseudonyms, value: str) -> str:
    return f"{names.code('email', value.lower(), 16)}@example.com"


def _given_name(names: Pseudonyms, value: str) -> str:
    return names.word("given", value, "yx")


def _family_name(names: Pseudonyms, value: str) -> str:
    return names.word("family", value, "oxa")


def _person(names: Pseudonyms, value: str) -> str:
    given, _, family = value.partition(" ")
    if not family.strip():
        return _family_name(names, value)
    return f"{_given_name(names, given)} {_family_name(names, family.strip())}"


def _company(names: Pseudonyms, value: str) -> str:
    return f"{names.word('company', value, 'oxa')} Company"


def _phone(names: Pseudonyms, value: str) -> str:
    """Return one of the numbers that North America keeps for made up people."""
    made = names.digest("phone", re.sub(r"\D", "", value) or value)
    area = 200 + int.from_bytes(made[:2], "big") % 800
    return f"+1 {area} 555 01{made[2] % 100:02}"


def _street(names: Pseudonyms, value: str) -> str:
    number = 1 + names.digest("house", value.casefold())[0] % 199
    return f"{number} {names.word('street', value, 'oxa')} Street"


def _door(names: Pseudonyms, value: str) -> str:
    return f"Door {1 + names.digest('door', value.casefold())[0] % 99}"


def _city(names: Pseudonyms, value: str) -> str:
    return names.word("city", value, "yxton")


def _province(names: Pseudonyms, value: str) -> str:
    if len(value) <= 3:
        return _shape(names, value)
    return names.word("province", value, "yxshire")


def _shape(names: Pseudonyms, value: str) -> str:
    """Return other letters and digits in the places of these."""
    made = names.digest("shape", value.upper())
    return "".join(
        _like(each, made[at % len(made)] + at // len(made))
        for at, each in enumerate(value)
    )


def _like(letter: str, number: int) -> str:
    if letter.isdigit():
        return str(number % 10)
    if letter.isalpha():
        return chr(ord("A" if letter.isupper() else "a") + number % 26)
    return letter


def _code(names: Pseudonyms, value: str) -> str:
    return names.code("code", value, CODE_LETTERS)


def _password(names: Pseudonyms, value: str) -> str:
    """Return what no password fits: Django's own mark of it comes first."""
    return f"!{_code(names, value)}"


def _label(names: Pseudonyms, value: str) -> str:
    """Return tasks and commands as they are: they act in nobody's name."""
    if "@" in value:
        return _email(names, value)
    is_program = value.startswith("task ") or value in get_commands()
    return value if is_program else _code(names, value)


def _identifier(names: Pseudonyms, value: str) -> str:
    return value if re.fullmatch(r"[\w.:-]+", value) else _code(names, value)


def own_keys(*prefixes: str) -> Text:
    """Return a rule that keeps the keys which the code makes of a prefix and a UUID.

    Any other came from a program outside.
    """
    ours = re.compile(rf"(?:{'|'.join(prefixes)}):[0-9a-f-]{{36}}(?::[\w-]{{1,36}})?")

    def make(names: Pseudonyms, value: str) -> str:
        return value if ours.fullmatch(value) else _code(names, value)

    return Text(make, CODE_LETTERS, is_unique=True)


PLAIN = Text(lambda _names, value: value, is_unique=True)
"""Nothing personal: it stays."""

FREE_TEXT = Text(lambda _names, _value: REMOVED, len(REMOVED))
"""What people write may name anybody: it goes, and leaves that there was something."""

EMAIL = Text(_email, 28, is_unique=True)
GIVEN_NAME = Text(_given_name, 7)
FAMILY_NAME = Text(_family_name, 8)
PERSON = Text(_person, 16)
COMPANY = Text(_company, 16)
PHONE = Text(_phone, 15)
STREET = Text(_street, 19)
DOOR = Text(_door, 7)
CITY = Text(_city, 10)
PROVINCE = Text(_province, 12)
POSTAL_CODE = Text(_shape)
CODE = Text(_code, CODE_LETTERS, is_unique=True)
PASSWORD = Text(_password, CODE_LETTERS + 1)
LABEL = Text(_label, 28)
"""Who acted: an e-mail, a task, a command, or the login on a machine."""

IDENTIFIER = Text(_identifier, CODE_LETTERS)
"""A key, a number or a name in code; whatever else stands there goes."""

ADDRESS = Keyed(
    {
        "name": PERSON,
        "company": COMPANY,
        "line1": STREET,
        "line2": DOOR,
        "city": CITY,
        "province": PROVINCE,
        "postal_code": POSTAL_CODE,
        "country_code": PLAIN,
        "phone": PHONE,
        "email": EMAIL,
    },
    other=FREE_TEXT,
)
"""The copy of an address that a document keeps."""
