"""What every engine can do, and what flows know about a database's contents."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from dbops.engines.options import Options
from dbops.engines.verbs.activity import ActivityVerbs
from dbops.engines.verbs.care import CareVerbs
from dbops.engines.verbs.proof import ProofVerbs
from dbops.engines.verbs.space import SpaceVerbs
from dbops.engines.verbs.swap import SwapVerbs
from dbops.errors import RestoreRefusedError

Chunk = bytes | memoryview

SHOWN_DIFFERENCES = 5
ONE_FILE, DIRECTORY = "", "directory"
"""Forms of a dump: as the engine writes it, or several files as one tar."""


class Sink(Protocol):
    """Takes the dump, chunk by chunk; a chunk may be overwritten afterwards."""

    def write(self, chunk: Chunk, /) -> object: ...


@dataclass(frozen=True)
class Contents:
    """What a database holds at one instant: exact rows and applied migrations.

    ``properties`` are what a new database needs to be like this one. Tables whose
    rows were ``left_out`` count as empty. ``sizes`` are bytes by table, ``roles``
    own something or have rights; ``position`` says which server it was and where in
    its log, as far as the role may ask.
    """

    database: str
    size_bytes: int
    server_version: str
    client_version: str
    tables: Mapping[str, int]
    migrations: tuple[tuple[str, str], ...]
    properties: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    sequences: Mapping[str, int | None] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    position: Mapping[str, str] = field(default_factory=dict)

    def differences(self, found: Contents) -> list[str]:
        """Return in words where ``found`` has other rows or migrations."""
        names = sorted({*self.tables, *found.tables})
        lines = [
            f"{name}: {_rows(found.tables.get(name))}, expected"
            f" {_rows(self.tables.get(name))}"
            for name in names
            if self.tables.get(name) != found.tables.get(name)
        ]
        for app, name in sorted({*self.migrations} ^ {*found.migrations}):
            missing = (app, name) in self.migrations
            lines.append(
                f"migration {app}.{name}: {'missing' if missing else 'not expected'}"
            )
        return lines


@dataclass(frozen=True)
class Dumped:
    """What went into a dump, how, and what the engine had to remark on it.

    ``seconds`` are those of steps that have a name of their own. ``form`` is what
    its ``Source`` must say when it is read.
    """

    contents: Contents
    warnings: tuple[str, ...]
    snapshot: str = ""
    flags: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    form: str = ONE_FILE


@dataclass(frozen=True)
class Source:
    """A dump to be read once, its size and form; reading to the end proves it.

    ``chunks`` raises BackupDamagedError at the latest after the last chunk.
    """

    chunks: Iterable[Chunk]
    size_bytes: int
    form: str = ONE_FILE


class Engine(ActivityVerbs, CareVerbs, ProofVerbs, SpaceVerbs, SwapVerbs):
    """The verbs of one database, all of which every engine has.

    Those of one subject stand in a module of their own (``dbops.engines.verbs``).
    """

    takes_jobs: ClassVar[bool]
    """Whether several connections can dump it together."""

    @property
    @abstractmethod
    def dump_suffix(self) -> str:
        """How the name of the dump that it makes now ends."""

    @property
    @abstractmethod
    def database_name(self) -> str:
        """The name an operator knows the database by."""

    @abstractmethod
    def require_database(self) -> None:
        """Raise DatabaseUnavailableError unless it is there; never make it."""

    @abstractmethod
    def lock(self, target: str, holder: str) -> AbstractContextManager[None]:
        """Hold the lease of the database ``target``.

        Raises OperationBusyError, which names the holder, when it is held. It ends
        with the process at the latest.
        """

    @abstractmethod
    def lease_holder(self, target: str) -> str | None:
        """Return who holds the lease of the database ``target``, None if nobody."""

    @abstractmethod
    def dump(self, sink: Sink) -> Dumped:
        """Write one consistent dump; what is returned is true of exactly its data."""

    @abstractmethod
    def room_to_dump(self) -> int:
        """Return how many bytes in TMPDIR the dump takes that it would make now."""

    @abstractmethod
    def surroundings(self) -> str | None:
        """Return as SQL what a dump lacks: roles, settings of the database.

        None where an engine has no such thing. No passwords are in it.
        """

    @staticmethod
    @abstractmethod
    def decode(options: Options, source: Source, expected: Contents) -> None:
        """Read a dump to its end; raise BackupDamagedError if it cannot be used.

        No database is opened.
        """

    @abstractmethod
    def new_target(self, into: str) -> str:
        """Return the full name of a database to create; refuse one that exists."""

    @abstractmethod
    def contents(self) -> Contents:
        """Count the live rows; raise DatabaseUnavailableError if that cannot be."""

    @abstractmethod
    def drafted(
        self,
        source: Source,
        target: str,
        *,
        like: Contents,
        check: Callable[[Contents], None],
        is_closed: bool = False,
    ) -> AbstractContextManager[str]:
        """Make a draft of the database ``target`` from a dump, and give its name.

        It is there after ``check`` has seen what is in it. At the end of the block,
        or when anything raises, nothing is left that was not given another name. A
        draft that ``is_closed`` lets nobody in but the role that makes it, until it
        is named.
        """

    @abstractmethod
    def drafted_from_file(
        self, file: Path, target: str, *, check: Callable[[Contents], None]
    ) -> AbstractContextManager[str]:
        """Make a draft as ``drafted`` does from a plain file without a manifest.

        Its first bytes say what it is. Raises RestoreRefusedError for one of another
        engine, BackupDamagedError when it cannot be read to its end.
        """

    @abstractmethod
    def outside_tables(self, draft: str) -> list[str]:
        """Return in words what a draft holds that is in no table."""

    @abstractmethod
    def scrub(self, draft: str) -> None:
        """Write a draft anew, so that nothing of what its rows were is left in it.

        Neither in free space nor in statistics. Cost: its size once more.
        """

    @abstractmethod
    def name_draft(self, draft: str, into: str) -> None:
        """Give a draft the name of a database that is not there yet."""


def refused_kind(kind: str, wanted: str) -> RestoreRefusedError:
    """Return the error for a file that is nothing for this engine."""
    return RestoreRefusedError(
        "The file was not restored.",
        why=f"it is {kind}; {wanted}",
        fix="give another file, or the --database that it is for",
    )


def summarised(differences: list[str]) -> str:
    """Return a few of the differences and how many more there are."""
    more = len(differences) - SHOWN_DIFFERENCES
    shown = "; ".join(differences[:SHOWN_DIFFERENCES])
    return f"{shown}; and {more} more" if more > 0 else shown


def _rows(count: int | None) -> str:
    return "no such table" if count is None else f"{count} rows"
