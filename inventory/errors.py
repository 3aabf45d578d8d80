"""What the inventory refuses, worded for the person who asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stateset.lib.errors import StatesetError


class InventoryError(StatesetError):
    """Stock, catalogue, procurement or manufacturing refused something."""


@dataclass(frozen=True)
class Shortage:
    """One variant that a location has too little of."""

    sku: str
    location: str
    wanted: int
    available: int

    def __str__(self) -> str:
        return (
            f"{self.sku} at {self.location}: {self.wanted} wanted,"
            f" {self.available} available"
        )


class InsufficientStockError(InventoryError):
    """A location has less than is wanted; nothing was taken or promised."""

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = tuple(shortages)
        skus = ", ".join(shortage.sku for shortage in self.shortages)
        super().__init__(
            f"There is not enough stock of {skus}.",
            why="; ".join(map(str, self.shortages)),
            fix="lower the quantity, choose another location, or receive stock first",
        )


class InvalidQuantityError(InventoryError):
    """A quantity or a cost is not one that stock can have."""


class InvalidMovementError(InventoryError):
    """A stock movement lacks a reason, or goes nowhere."""


class LocationNotUsableError(InventoryError):
    """The location is closed, or does not sell."""


class LocationInUseError(InventoryError):
    """The location can't be closed: it holds stock or is the default."""


class NotStockedError(InventoryError):
    """The variant is a service or a download: no stock is kept of it."""


class AlreadyPromisedError(InventoryError):
    """The line has stock promised to it already; promising twice would double it."""


class AllocationNotOpenError(InventoryError):
    """The allocation is closed, or holds less than is to be taken from it."""


class CountBelowPromisesError(InventoryError):
    """Fewer units were counted than are promised to documents."""


class StockChangedError(InventoryError):
    """Stock moved between reading it and writing what was counted."""


class IdempotencyMismatchError(InventoryError):
    """A key was used again for another movement than the first time."""


class StockBooksError(InventoryError):
    """The books of a level disagree with its promises: a fault, not bad input."""


class CatalogueError(InventoryError):
    """A product or variant can't become what was asked."""


class NotADraftError(InventoryError):
    """Lines change only while their document is a draft."""


class LinesMissingError(InventoryError):
    """A document without lines asks nobody for anything."""


class UnknownLineError(InventoryError):
    """A line named for a document belongs to another one."""


class ReasonMissingError(InventoryError):
    """Undoing or stopping something was asked for without saying why."""


class InvalidDateError(InventoryError):
    """Two dates of a document contradict one another."""


class SupplierBlockedError(InventoryError):
    """A blocked supplier gets no new orders."""


class CurrencyMismatchError(InventoryError):
    """A cost is in another currency than the stock it would be booked to."""


class SelfApprovalError(InventoryError):
    """The person who made a purchase order may not approve it at this amount."""


class NotReceivableError(InventoryError):
    """Goods can't be booked against this document now."""


class QuantityNotOpenError(InventoryError):
    """More was announced, received or made than the document has open."""


class DeliveryExpectedError(InventoryError):
    """An order can't be closed while a delivery for it is under way."""


class ReceiptNotReversibleError(InventoryError):
    """The units of a receipt have been promised or used since."""


class BomMissingError(InventoryError):
    """The variant has no active bill of materials."""


class BomCycleError(InventoryError):
    """A bill would make a variant from itself, directly or through others."""


class BomTooDeepError(InventoryError):
    """Bills stand on bills too many levels deep."""


class WorkOrderStateError(InventoryError):
    """The work order is not where the step asked for begins."""


class OperationsOpenError(InventoryError):
    """A work order can't end while steps of it are open."""


class OperationSequenceError(InventoryError):
    """Steps of a work order are done in their order."""
