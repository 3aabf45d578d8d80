"""Who is acting, as a key that documents can keep."""

from __future__ import annotations

from uuid import UUID

from stateset.lib.journal import current_context


def acting_user_id() -> UUID | None:
    """Return the key of the acting user, or None where a program acts alone."""
    actor_id = current_context().actor_id
    return UUID(actor_id) if actor_id else None
