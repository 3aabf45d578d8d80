"""Plans that a connection keeps, and that a migration can make stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.utils import NotSupportedError


def renew_plans(
    execute: Callable[..., Any],
    sql: Any,
    params: Any,
    many: bool,  # noqa: FBT001 -- Django's signature
    context: dict[str, Any],
) -> Any:
    """Run a statement; where its plan is refused, forget all plans and run it anew.

    PostgreSQL refuses a kept plan whose columns have another type by now, and would
    for as long as the connection lives. In a transaction the refusal stands: its
    rollback forgets the plans too.
    """
    try:
        return execute(sql, params, many, context)
    except NotSupportedError:
        connection = context["connection"]
        if connection.in_atomic_block or not connection.get_autocommit():
            raise
        connection.connection.execute("DEALLOCATE ALL")
        return execute(sql, params, many, context)
