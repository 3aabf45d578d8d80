"""What an empty machine needs besides the backups, for the safe."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shlex import quote

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops import conf
from dbops.audit import journaled
from dbops.backups import encryption
from dbops.backups.storage import BackupStorage, FolderStorage, backup_places
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine

IDENTITY_FILE = "recovery-identity.txt"
AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Set here by the kit itself.
OWN = ("APP__ENVIRONMENT", encryption.IDENTITY)


@dataclass(frozen=True)
class Kit:
    """A text that a shell reads, and what had to be left out of it, in words."""

    text: str
    missing: Sequence[str]


def recovery_kit(*, alias: str = DEFAULT_DB_ALIAS) -> Kit:
    """Return the kit of this installation; that it was made is journaled."""
    with journaled("backup.recovery_kit") as details:
        engine = get_engine(alias)
        places = backup_places()
        missing = list(_missing(places))
        text = "\n".join([*_heading(engine, missing), *_variables(engine)]) + "\n"
        details |= {"alias": alias, "missing": missing}
    return Kit(text, missing)


def _heading(engine: Engine, missing: Sequence[str]) -> Iterator[str]:
    name = engine.short_name
    revision = f" (revision {conf.code_revision()})" if conf.code_revision() else ""
    yield (
        f"# Recovery kit of {conf.PROJECT}, {conf.environment()}: made"
        f" {timezone.now():%Y-%m-%d %H:%M} UTC on {socket.gethostname()}."
    )
    yield "# With this and the backups anybody has all data: keep it in a safe."
    yield "#"
    yield "# On an empty machine, in the folder of the project:"
    yield f"#  1. install StateSet {conf.app_version()}{revision} and its programs:"
    yield f"#     age and those of {engine.connection.display_name}; on a server make a"
    yield "#     role that may create databases"
    yield "#  2. export APP__DATABASE_URL=…; set -a; . ./recovery-kit.sh; set +a"
    yield "#  3. python manage.py list_backups --rebuild"
    yield f"#  4. python manage.py restore --latest --confirm {quote(name)}"
    yield "#  5. python manage.py check_integrity"
    for each in missing:
        yield f"# MISSING {each}"


def _variables(engine: Engine) -> Iterator[str]:
    yield f"APP__ENVIRONMENT={quote(conf.environment())}"
    yield 'APP__SECRET_KEY="${APP__SECRET_KEY:-$(openssl rand -base64 48)}"'
    # The server is another one now.
    asking = f"set it first: the new server, and the database {engine.database_name}"
    yield f': "${{APP__DATABASE_URL:?{asking}}}"'
    for variable, value in conf.recovery_variables().items():
        if variable not in OWN:
            yield f"{variable}={quote(value)}"
    identity = encryption.find_identity()
    if identity is not None:
        yield f'{encryption.IDENTITY}="$PWD/{IDENTITY_FILE}"'
        yield f"(umask 077; cat > {IDENTITY_FILE} <<'END'"
        yield identity.read_text(encoding="utf-8").rstrip("\n")
        yield "END"
        yield ")"


def _missing(places: Sequence[BackupStorage]) -> Iterator[str]:
    variables = conf.recovery_variables()
    buckets = (place for place in places if not isinstance(place, FolderStorage))
    # A bucket with keys of its own does not take those of all.
    if not all(conf.has_own_keys(each.name) for each in buckets):
        for name in AWS_KEYS:
            if name not in variables:
                yield f"{name}: not set here; this machine has a role or a profile"
    if not encryption.can_open(conf.age_recipients()):
        recipients = " or ".join(conf.age_recipients())
        yield f"{encryption.IDENTITY}: not set here; that of {recipients} is needed"
