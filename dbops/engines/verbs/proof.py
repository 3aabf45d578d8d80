"""Prove what a restored database promises, in a place of its own."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from dbops.engines.verbs.base import Verbs


@dataclass(frozen=True)
class Look:
    """One check of a restored database: what was looked at, and what is wrong there.

    ``is_damage`` tells that a flaw cannot have been in the original: the backup did
    not come back as it was.
    """

    name: str
    looked_at: str
    flaws: tuple[str, ...] = ()
    is_damage: bool = False


class ProofVerbs(Verbs):
    """The verbs of proving a restored database."""

    @property
    @abstractmethod
    def scratch_name(self) -> str:
        """The name of the database that backups are tried out in, always the same.

        So what a killed trial left is found, and removed, by the next one.
        """

    @abstractmethod
    def kept_scratch_name(self, stamp: str) -> str:
        """Return the name of a tried database that somebody wants to look into."""

    @abstractmethod
    def removal(self, name: str) -> str:
        """Return what a person types to remove a database beside the live one."""

    @abstractmethod
    def reading_settings_of(self, name: str) -> dict[str, Any]:
        """Return the ``DATABASES`` entry of a database that may only be read."""

    @abstractmethod
    def look_over(self, name: str) -> list[Look]:
        """Ask whether constraints, indexes, keys and sequences are what they say."""
