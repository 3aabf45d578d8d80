"""Who was erased since the backup is erased in what came of it, and once."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from uuid_utils.compat import uuid7

from dbops.backups.create import create_backup
from dbops.backups.restore import restore_backup
from dbops.beside import RESTORED, beside
from dbops.engines.registry import get_engine
from orders.services.erasing import erase_customer
from stateset.lib.erasures import Again, erase_again, recorded
from stateset.system.models import AuditEntry, Event, OutboxMessage
from stateset.system.sealing.flow import seal_log
from stateset.system.sealing.verify import verify_seals
from tests.dbops.shop import Shop
from tests.orders.builders import make_order
from tests.orders.erasing import everything, make_old_customer, plant_into, words_in


def test_a_copy_from_before_is_without_the_person_too(books: Shop) -> None:
    customer, other = make_old_customer(), make_order().customer
    kept = plant_into(customer)
    seal_log()
    create_backup(verify="none")
    erasure = erase_customer(customer=customer, reason="request")
    # Known from where the live database is lost; one has an open order in the backup.
    busy, stranger = (
        replace(erasure, id=uuid7(), subject_id=key) for key in (other.pk, uuid4())
    )
    copy = books.new_name()
    restore_backup(into=copy)
    live = everything()
    with beside(get_engine(), RESTORED, copy):
        assert recorded(RESTORED) == []
        assert words_in(everything(RESTORED)) > kept
        messages = OutboxMessage.objects.using(RESTORED).count()

        again = erase_again(RESTORED, [*recorded("default"), busy, stranger])
        assert again == Again(done=2)

        assert words_in(everything(RESTORED)) == kept
        assert {*recorded(RESTORED)} == {erasure, busy, stranger}
        assert OutboxMessage.objects.using(RESTORED).count() == messages
        told = Event.objects.using(RESTORED).get(
            event_type="customer.erased", aggregate_id=customer.pk
        )
        assert (told.is_told, told.payload["to"]) == (False, "inactive")
        notes = AuditEntry.objects.using(RESTORED).filter(action="customer.erased")
        assert {note.reason for note in notes} == {
            "erased again after a restore: request"
        }
        assert notes.count() == 2
        assert list(verify_seals(using=RESTORED)) == []
        before = everything(RESTORED)
        assert erase_again(RESTORED, [erasure, stranger, busy]) == Again(done=0)
        assert everything(RESTORED) == before
    assert everything() == live
