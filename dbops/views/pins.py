"""The buttons that keep a backup, whatever the policy says, and let it go again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest, HttpResponse

from dbops.backups.holds import pin_backup, read_pins, unpin_backup
from dbops.backups.storage import backup_storage
from dbops.views.backup_parts import MAY_ACT, crumbs_to, find_entry, or_the_list
from stateset.lib import admin
from stateset.lib.admin.pages import PageAction, ask_and_do


@or_the_list
def pin(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Ask why, then have the backup stay."""
    entry = find_entry(backup_id)

    def perform(_request: HttpRequest, data: Mapping[str, Any]) -> str:
        pin_backup(backup_id=entry.id, alias=DEFAULT_DB_ALIAS, reason=data["reason"])
        return f"{entry.id} stays until somebody unpins it."

    refusal = "" if entry.manifest else "it has no manifest that can be read"
    if entry.id in read_pins(backup_storage()):
        refusal = "it is pinned already"
    action = PageAction(
        "Pin",
        MAY_ACT,
        perform,
        explain="The backup stays, whatever its age, until somebody unpins it.",
        form=admin.ReasonForm,
        refusal=refusal,
    )
    return ask_and_do(request, action, title=f"Pin {entry.id}", crumbs=crumbs_to(entry))


@or_the_list
def unpin(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Ask why, then leave the backup to the policy."""
    entry = find_entry(backup_id)

    def perform(_request: HttpRequest, data: Mapping[str, Any]) -> str:
        unpin_backup(backup_id=entry.id, alias=DEFAULT_DB_ALIAS, reason=data["reason"])
        return f"{entry.id} is no longer pinned."

    known = read_pins(backup_storage()).get(entry.id)
    action = PageAction(
        "Unpin",
        MAY_ACT,
        perform,
        explain="The backup is left to the policy: the next pruning may delete it.",
        form=admin.ReasonForm,
        refusal="" if known else "it is not pinned",
        facts=[("Pinned by", known.who), ("Why", known.why)] if known else [],
    )
    return ask_and_do(
        request, action, title=f"Unpin {entry.id}", crumbs=crumbs_to(entry)
    )
