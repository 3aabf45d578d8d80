"""Number sequences: the numbers people see on documents."""

from __future__ import annotations

from django.db import models


class NumberSequence(models.Model):
    """The next number of one series, such as ``ORD-2026``; locked while taken."""

    key = models.CharField(primary_key=True, max_length=32)
    next_value = models.PositiveBigIntegerField(default=1)

    class Meta:
        db_table = "number_sequences"
        db_table_comment = "Next document number of each series"

    def __str__(self) -> str:
        return f"{self.key} {self.next_value}"
