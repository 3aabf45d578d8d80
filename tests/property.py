"""Any sequence of calls: hypothesis' state machines over the services.

A machine is a subclass of ``Books``; a test marked ``django_db`` runs it with
``any_sequence``. Each example lives in a savepoint that is undone after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.db.models import Model
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    run_state_machine_as_test,
)

from stateset.lib.errors import StatesetError
from stateset.lib.invariants import Invariant
from tests.proving import broken

SEQUENCES = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)


class Books(RuleBasedStateMachine):
    """Rules call services; after each one the books must hold.

    ``invariants_of`` returns what must hold, ``watched`` are the tables in which a
    refused call must change nothing.
    """

    invariants_of: ClassVar[Sequence[Callable[[], Iterable[Invariant]]]] = ()
    watched: ClassVar[Sequence[type[Model]]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._example = ExitStack()
        self._example.enter_context(transaction.atomic())
        # Called before the block above is left.
        self._example.callback(transaction.set_rollback, rollback=True)

    def teardown(self) -> None:
        try:
            if not connection.needs_rollback:
                connection.check_constraints()
        finally:
            self._example.close()

    @invariant()
    def books_hold(self) -> None:
        rules = [rule for app in self.invariants_of for rule in app()]
        assert [(rule.name, str(row)) for rule, row in broken(rules)] == []

    def refuses(
        self, call: Callable[[], Any], error: type[Exception] = StatesetError
    ) -> None:
        """Have an illegal call refused, in our words, with nothing changed."""
        before = self.contents()
        with pytest.raises(error):
            call()
        assert self.contents() == before

    def does_or_refuses(self, call: Callable[[], Any], *, is_legal: bool) -> bool:
        """Have a call done exactly if it is legal; return whether it was."""
        if is_legal:
            call()
        else:
            self.refuses(call)
        return is_legal

    def contents(self) -> list[list[tuple[Any, ...]]]:
        """Return every row of the watched tables."""
        return [
            list(model._base_manager.order_by("pk").values_list())
            for model in self.watched
        ]


def any_sequence(machine: type[Books], **changes: Any) -> None:
    """Run the machine through many short sequences, the same ones each time."""
    run_state_machine_as_test(machine, settings=settings(SEQUENCES, **changes))
