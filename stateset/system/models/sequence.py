"""Number sequences: the numbers people see on documents."""

from __future__ import annotations

from django.db import models


class NumberSequence(models.Model):
    """The next number of one series, such as ``ORD-2026``; locked while taken.

    ``skipped`` counts the numbers below it that a restore passed over, because somebody
    may have seen them on a document that is lost: they are no gaps.
    """

    key = models.CharField(primary_key=True, max_length=32)
    next_value = models.PositiveBigIntegerField(default=1)
    skipped = models.PositiveBigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "number_sequences"
        db_table_comment = "Next document number of each series"

    def __str__(self) -> str:
        return f"{self.key} {self.next_value}"
