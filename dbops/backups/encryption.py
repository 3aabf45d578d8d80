"""Encryption for recipients, in the age format, by the program of that name.

It stands between the packer and the storage, so the file opens by hand with ``age -d``
and then with what opens the packing. To encrypt, public keys are enough.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from dbops import conf
from dbops.backups.measuring import Readable, Writable
from dbops.errors import BackupLockedError, ProgramNotFoundError
from dbops.process import CHUNK_BYTES, Program, Running, running
from stateset.lib.errors import UsageError

SUFFIX = ".age"
SCHEME = "age"
IDENTITY = "APP__BACKUP_AGE_IDENTITY_FILE"
RECIPIENTS = "APP__BACKUP_AGE_RECIPIENTS"
MAGICS = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE")
"""How a file in this format begins: as bytes, and as text for a mail."""


def choose_recipients(*, encrypt: bool | None) -> tuple[str, ...]:
    """Return whom a new backup is encrypted for: the configured, unless told not to.

    Raises UsageError where it is to be encrypted for nobody, and ProgramNotFoundError
    where the program is missing.
    """
    recipients = conf.age_recipients()
    if encrypt and not recipients:
        raise UsageError(
            "The backup was not begun.",
            why="there is nobody to encrypt it for",
            fix=f"set {RECIPIENTS} to the public keys that age-keygen prints",
        )
    if encrypt is False or not recipients:
        return ()
    _program()
    return recipients


@contextmanager
def encrypting(target: Writable, recipients: Sequence[str]) -> Iterator[Writable]:
    """Encrypt what is written into ``target``; without recipients pass it on.

    Raises ProgramFailedError when the program does not end well.
    """
    if not recipients:
        yield target
        return
    chosen = [word for each in recipients for word in ("--recipient", each)]
    with running(Program([_program(), *chosen]), feed=True, read=True) as age:
        drain = _Drain(age, target)
        try:
            yield drain
            drain.finish()
        finally:
            drain.end()


@contextmanager
def decrypting(source: Readable, identity: Path) -> Iterator[io.RawIOBase]:
    """Give what is encrypted in ``source``, all of which is read in any case.

    Raises ProgramFailedError for a wrong identity and for altered bytes.
    """
    arguments = [_program(), "--decrypt", "--identity", str(identity)]
    with running(Program(arguments), feed=True, read=True) as age:
        feeder = _Feeder(age, source)
        try:
            output = _Output(age)
            yield output
            feeder.finish(is_all_read=output.is_at_end)
        finally:
            feeder.end()


def find_identity() -> Path | None:
    """Return the file with the identity; None where none is set, or is not there."""
    identity = conf.age_identity()
    return identity if identity is not None and identity.is_file() else None


def can_open(recipients: Sequence[str]) -> bool:
    """Tell whether what is encrypted for these may be opened here, as all else is."""
    return not recipients or find_identity() is not None


def require_identity(backup_id: str, recipients: Sequence[str]) -> Path:
    """Return the file with the identity; raise BackupLockedError if there is none."""
    if identity := find_identity():
        return identity
    named = conf.age_identity()
    why = f"{IDENTITY}: there is no file {named}" if named else f"{IDENTITY} is not set"
    raise locked(backup_id, recipients, why)


def locked(backup_id: str, recipients: Sequence[str], why: str) -> BackupLockedError:
    """Return the error that says which identities would open a backup.

    Without ``recipients`` nobody here knows for whom it was encrypted.
    """
    fix = f"set {IDENTITY} to a file with the identity"
    if recipients:
        fix += f" of {' or '.join(recipients)} (from the recovery kit)"
    else:
        fix += " it was encrypted for, or use another file"
    return BackupLockedError(
        f"The backup {backup_id} cannot be decrypted here.", why=why, fix=fix
    )


def _program() -> str:
    found = shutil.which("age")
    if found is None:
        raise ProgramNotFoundError(
            "There is no age program.",
            why="backups are encrypted and decrypted by it",
            fix="install it (Debian: apt install age)",
        )
    return found


class _Drain:
    """Takes what is to be encrypted, and beside that passes on what comes out."""

    def __init__(self, age: Running, target: Writable) -> None:
        self._age = age
        self._target = target
        self._trouble: BaseException | None = None
        self._thread = Thread(target=self._pass_on, name="encrypt", daemon=True)
        self._thread.start()

    def write(self, chunk: bytes | memoryview) -> int:
        self._age.write(chunk)
        if self._trouble is not None:
            raise self._trouble
        if self._age.is_deaf:
            # It says at its end why it wants no more.
            self._thread.join()
            self._age.finish()
        return len(chunk)

    def flush(self) -> None:
        """Do nothing: a packer may ask for it, and every write goes through."""

    def finish(self) -> None:
        """Wait for the last bytes; raise what the target has raised."""
        self._age.close_input()
        self._thread.join()
        if self._trouble is not None:
            raise self._trouble

    def end(self) -> None:
        """Have nothing run on."""
        if self._thread.is_alive():
            self._age.kill()
            self._thread.join()

    def _pass_on(self) -> None:
        for chunk in self._age.chunks():
            # Read on after a failure: whoever writes must not wait for ever.
            if self._trouble is None:
                try:
                    self._target.write(chunk)
                except BaseException as error:  # noqa: BLE001 -- raised by the writer
                    self._trouble = error


class _Feeder:
    """Feeds the program beside whoever reads what comes out."""

    def __init__(self, age: Running, source: Readable) -> None:
        self._age = age
        self._source = source
        self._trouble: BaseException | None = None
        self._is_stopped = False
        self._thread = Thread(target=self._feed, name="decrypt", daemon=True)
        self._thread.start()

    def finish(self, *, is_all_read: bool) -> None:
        """Wait until the source is read; raise what it has raised."""
        if not is_all_read:
            self._age.kill()
        self._thread.join()
        if self._trouble is not None:
            raise self._trouble

    def end(self) -> None:
        """Have nothing run on."""
        if self._thread.is_alive():
            self._is_stopped = True
            self._age.kill()
            self._thread.join()

    def _feed(self) -> None:
        try:
            while not self._is_stopped and (chunk := self._source.read(CHUNK_BYTES)):
                # What it no longer wants is dropped there, but has been measured.
                self._age.write(chunk)
        except BaseException as error:  # noqa: BLE001 -- raised by the reader
            self._trouble = error
        finally:
            self._age.close_input()


class _Output(io.RawIOBase):
    """What the program writes, as a file to read."""

    def __init__(self, age: Running) -> None:
        self._chunks = age.chunks()
        self._rest: memoryview = memoryview(b"")
        self.is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, memoryview(b""))
            self.is_at_end = not self._rest
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
