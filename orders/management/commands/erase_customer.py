from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db import DEFAULT_DB_ALIAS

from orders.models import Customer
from orders.services.erasing import (
    ErasurePlan,
    erase_customer,
    find_customer,
    plan_erasure,
    require_finished,
    require_person,
)
from stateset.lib.commands import StatesetCommand
from stateset.lib.erasing import INVOICES
from stateset.lib.errors import UsageError
from stateset.lib.journal import acting, who_acts
from stateset.lib.reports import Report
from stateset.system.models import ErasureReason

BACKUPS = (
    "Backups have this person until they are pruned; a restore of one erases again."
)


class Command(StatesetCommand):
    help = "Erase what is personal of a customer, for good; the books stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "number",
            help="The customer's number, CUS-2026-000001, or the key of it.",
        )
        parser.add_argument(
            "--reason",
            required=True,
            choices=ErasureReason.values,
            help="Why; kept in the audit log.",
        )
        parser.add_argument(
            "--invoices",
            action="store_true",
            help="Erase what tax law has issued invoices keep, too.",
        )
        parser.add_argument(
            "--unfinished",
            action="store_true",
            help="Erase although something is unfinished.",
        )
        parser.add_argument(
            "--confirm", metavar="NUMBER", help="The customer's number once more."
        )

    def run(
        self,
        *,
        database: str,
        number: str,
        reason: str,
        invoices: bool,
        unfinished: bool,
        confirm: str | None,
        **_options: Any,
    ) -> Report:
        if database != DEFAULT_DB_ALIAS:
            raise UsageError(
                "Nobody was erased.",
                why=f"{database} is not the database of the shop",
                fix="leave --database out",
            )
        customer = find_customer(number)
        number, scope = customer.customer_number, INVOICES if invoices else ""
        require_person(customer)
        if not unfinished:
            require_finished(customer)
        plan = plan_erasure(customer, scope=scope)
        self.confirm(_words(customer, plan), name=number, given=confirm)
        with acting(actor_label=who_acts()):
            erase_customer(
                customer=customer, reason=reason, scope=scope, unfinished=unfinished
            )
        counts = {each.name: each.count for each in plan.rows}
        return Report(
            summary=f"Customer {number} is erased",
            facts={"customer": number, "scope": scope, "rows": counts},
            rows=[{"what": name, "rows": count} for name, count in counts.items()],
        )


def _words(customer: Customer, plan: ErasurePlan) -> str:
    number = customer.customer_number
    who = ", ".join(filter(None, (customer.display_name, customer.email)))
    lines = [
        f"This erases customer {number} ({who}), and nothing brings it back:",
        *(f"  {each}" for each in plan.rows),
        "  and what the events and the audit log say of them",
        *(f"  unfinished: {what}" for what in plan.in_the_way),
        *(f"  erased before, on {when}" for when in plan.erased_before),
    ]
    if plan.kept:
        lines += ["What stays, and why:"]
        lines += [f"  {each.what}: {each.why}" for each in plan.kept]
    return "\n".join([*lines, BACKUPS])
