"""pg_restore into a new database, which takes its name when it is proven."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.disk import workspace
from dbops.engines.base import Contents, Source
from dbops.engines.options import Options
from dbops.engines.postgresql.analyze import analyze
from dbops.engines.postgresql.archive import require_parts, unpacked
from dbops.engines.postgresql.clients import find_pg_restore
from dbops.engines.postgresql.connect import (
    client_program,
    maintenance_session,
    server_version,
    session,
)
from dbops.engines.postgresql.contents import contents_beside
from dbops.engines.postgresql.drafts import (
    DRAFT_SUFFIX,
    draft_database,
    exists,
    name_draft,
    taken,
)
from dbops.engines.postgresql.extensions import list_without, refused_extensions
from dbops.engines.postgresql.limits import BESIDE, jobs_within
from dbops.engines.postgresql.needs import require_needs
from dbops.errors import RestoreRefusedError
from dbops.process import Program, run
from dbops.steps import step

logger = logging.getLogger(__name__)

NAME_BYTES = 63
NAME = re.compile(r"\w(?:[\w. -]*[\w.-])?")


def new_target(connection: BaseDatabaseWrapper, into: str) -> str:
    """Return the name of a database to create; refuse one that is there."""
    longest = NAME_BYTES - len(DRAFT_SUFFIX)
    if not NAME.fullmatch(into) or len(into.encode()) > longest:
        # It is not repeated: it may be a URL with a password.
        raise RestoreRefusedError(
            "What --into says cannot be the name of a new database.",
            why=f"a name has 1 to {longest} bytes: letters, digits, '_', '-', '.',"
            " spaces inside",
            fix="give such a name, as in --into stateset_copy; it is created on the"
            " server of the live database",
        )
    with (
        maintenance_session(connection, name="restore") as own,
        own.cursor() as cursor,
    ):
        if exists(cursor, into):
            raise taken(into)
    return into


@contextmanager
def drafted(
    connection: BaseDatabaseWrapper,
    options: Options,
    source: Source,
    target: str,
    *,
    like: Contents,
    check: Callable[[Contents], None],
    is_closed: bool = False,
) -> Iterator[str]:
    """Fill a draft from a dump and prove it, then hand over its name.

    The dump is spooled first: its last byte is proven before anything is created,
    and parallel jobs need files they can seek in. Cost: its size in TMPDIR.
    """
    with ExitStack() as making:
        with workspace() as folder:
            with step("decode"):
                archive = unpacked(source, folder)
            own = making.enter_context(maintenance_session(connection, name="restore"))
            client = find_pg_restore(
                like.client_version, server_version(own), options.client_folders
            )
            require_parts(client.path, archive)
            require_needs(own, client.path, archive)
            with step("create"):
                draft = making.enter_context(
                    draft_database(own, target, like, is_closed=is_closed)
                )
            # A new database has no limit, so the role's is known from outside.
            jobs = jobs_within(own, options.restore_jobs, beside=BESIDE)
            program = restore_program(own, client.path, jobs, draft, archive)
            if refused := refused_extensions(own, like.extensions):
                wanted = folder / "list"
                wanted.write_text(list_without(refused, client.path, archive))
                program = replace(program, args=[*program.args, f"--use-list={wanted}"])
            with step("load"):
                finished = run(program)
        for line in finished.warnings:
            logger.warning("%s", line)
        check(_measured(connection, options, draft))
        yield draft


def _measured(
    connection: BaseDatabaseWrapper, options: Options, draft: str
) -> Contents:
    """Have the server know the tables of a draft, while another session counts them.

    So there is one connection more than those that analyse.
    """
    with session(connection, database=draft, name="restore") as restored:
        jobs = jobs_within(restored, options.restore_jobs)
        with contents_beside(restored) as counted:
            with step("analyze"):
                analyze(connection, draft, jobs=jobs)
            with step("count"):
                wait([counted])
    return counted.result()


def name_restored(connection: BaseDatabaseWrapper, draft: str, into: str) -> None:
    """Give a proven draft its name on the server of ``connection``."""
    with maintenance_session(connection, name="restore") as own:
        name_draft(own, draft, into)


def restore_program(
    connection: BaseDatabaseWrapper,
    pg_restore: Path,
    jobs: int,
    database: str,
    archive: Path,
) -> Program:
    """Return the command line; the objects belong to the role that restores.

    A copy must not begin to draw data from the source's publisher, so
    subscriptions stay out.
    """
    return client_program(
        connection,
        str(pg_restore),
        [
            "--exit-on-error",
            "--no-owner",
            "--no-subscriptions",
            f"--jobs={jobs}",
            str(archive),
        ],
        database=database,
    )
