"""Several places as one: written at all of them, read where it is.

What is put again under its name may be older where a place was away: then the newest is
read, wherever it is.

A place that fails is left out from then on and kept in ``missed``; only when none is
left does it raise.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from typing import IO, TypeVar

from dbops.backups.measuring import Writable
from dbops.backups.storage.base import BackupStorage, StoredObject
from dbops.backups.storage.versions import REWRITTEN, newest_version
from dbops.errors import NameTakenError, StorageError

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Places(BackupStorage):
    """The verbs of a place, for one flow over several of them."""

    def __init__(self, places: Sequence[BackupStorage]) -> None:
        self.name = ", ".join(place.name for place in places)
        self.missed: dict[str, StorageError] = {}
        self._places = places

    @property
    def reached(self) -> list[BackupStorage]:
        """Those that have not failed."""
        return [place for place in self._places if place.name not in self.missed]

    @property
    def location(self) -> str:
        return ", ".join(place.location for place in self._places)

    def each(self, work: Callable[[BackupStorage], T]) -> list[T]:
        """Do it at every place that is still reached, and return what came of it."""
        if self.missed and not self.reached:
            raise next(reversed(self.missed.values()))
        found = []
        for place in self.reached:
            try:
                found.append(work(place))
            except StorageError as error:
                self.miss(place, error)
        return found

    def miss(self, place: BackupStorage, error: StorageError) -> None:
        """Go on without a place; raise the error where it was the last one."""
        self.missed[place.name] = error
        if not self.reached:
            raise error
        logger.warning("Location %s: %s %s", place.name, error.what, error.why)

    def objects(self, begins: str = "") -> list[StoredObject]:
        found: dict[str, StoredObject] = {}
        for objects in self.each(lambda place: place.objects(begins)):
            for each in objects:
                found.setdefault(each.name, each)
        return [found[name] for name in sorted(found)]

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        if REWRITTEN.fullmatch(name):
            yield io.BytesIO(newest_version(self.versions(name).values()))
            return
        refused: list[StorageError] = []
        with ExitStack() as stack:
            for place in self.reached:
                try:
                    file = stack.enter_context(place.open(name))
                except StorageError as error:
                    refused.append(error)
                else:
                    break
            else:
                raise refused[0]
            yield file

    def versions(self, name: str) -> dict[str, bytes]:
        """Return a small object as each place has it, by the place's name.

        Raises StorageError where none gives it.
        """
        found, refused = {}, []
        for place in self.reached:
            try:
                with place.open(name) as file:
                    found[place.name] = file.read()
            except StorageError as error:
                refused.append(error)
        if not found:
            raise refused[0]
        return found

    @contextmanager
    def create(self, stem: str, suffix: str) -> Iterator[Spread]:
        spread = Spread(self)
        try:
            for place in self.reached:
                spread.begin(place, stem, suffix)
            yield spread
        except BaseException as error:
            spread.abandon(error)
            raise
        spread.complete()

    def put(self, name: str, content: bytes) -> None:
        self.each(lambda place: place.put(name, content))

    def delete(self, name: str) -> None:
        self.each(lambda place: place.delete(name))

    def free_bytes(self) -> int | None:
        sizes = self.each(lambda place: place.free_bytes())
        return min((size for size in sizes if size is not None), default=None)

    def clear_unfinished(self, before: datetime, stem: str = "") -> int:
        return sum(self.each(lambda place: place.clear_unfinished(before, stem)))


class Spread:
    """Takes what is written once, and passes it to every place that keeps up."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._open: list[
            tuple[BackupStorage, AbstractContextManager[Writable], Writable]
        ] = []

    def begin(self, place: BackupStorage, stem: str, suffix: str) -> None:
        """Open the object at one place; a name that is given there is given at all."""
        try:
            creating = place.create(stem, suffix)
            self._open.append((place, creating, creating.__enter__()))
        except NameTakenError:
            raise
        except StorageError as error:
            self._places.miss(place, error)

    def require(self, check: Callable[[BackupStorage], None]) -> None:
        """Leave out each place for which ``check`` raises StorageError."""
        for entry in list(self._open):
            try:
                check(entry[0])
            except StorageError as error:
                self._drop(entry, error)

    def write(self, chunk: bytes | memoryview) -> int:
        for entry in list(self._open):
            try:
                entry[2].write(chunk)
            except StorageError as error:
                self._drop(entry, error)
        return len(chunk)

    def complete(self) -> None:
        """Have the object appear at every place that took all of it."""
        while self._open:
            place, creating, _ = self._open.pop(0)
            try:
                creating.__exit__(None, None, None)
            except StorageError as error:
                self._places.miss(place, error)
            except BaseException as error:
                self.abandon(error)
                raise

    def abandon(self, error: BaseException) -> None:
        """Leave nothing anywhere."""
        while self._open:
            _leave(self._open.pop()[1], error)

    def _drop(
        self,
        entry: tuple[BackupStorage, AbstractContextManager[Writable], Writable],
        error: StorageError,
    ) -> None:
        self._open.remove(entry)
        _leave(entry[1], error)
        self._places.miss(entry[0], error)


def _leave(creating: AbstractContextManager[Writable], error: BaseException) -> None:
    """Tell a place that nothing comes of it; the cause is known already."""
    try:
        creating.__exit__(type(error), error, error.__traceback__)
    except (StorageError, OSError) as raised:
        if raised is not error:
            logger.warning("What was half written may be left: %s", raised)
