"""What the verbs of every room stand on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.options import Options


class Verbs(ABC):
    """A database and what the project sets; nothing is opened before a verb is called.

    Constructed by ``get_engine``. What one engine does not have is answered with an
    empty result or with None for unknown, never with an exception.
    """

    vendor: ClassVar[str]

    def __init__(self, connection: BaseDatabaseWrapper, options: Options) -> None:
        self.connection = connection
        self.options = options

    @property
    @abstractmethod
    def short_name(self) -> str:
        """What a person types to confirm: the database's name, the file's base name."""
