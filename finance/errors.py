"""What finance refuses; each leaf is named for the situation."""

from __future__ import annotations

from decimal import Decimal

from stateset.lib.errors import StatesetError


class FinanceError(StatesetError):
    """A movement of money was refused; nothing was changed."""


class AmountError(FinanceError):
    """The amount is not one that money can be moved in."""


class OverpaymentError(FinanceError):
    """More was offered than is owed; ``owed`` is what may still be paid."""

    def __init__(self, what: str, *, why: str, fix: str, owed: Decimal) -> None:
        super().__init__(what, why=why, fix=fix)
        self.owed = owed


class RefundTooLargeError(FinanceError):
    """More was to go back than is left; ``left`` is what may still be refunded."""

    def __init__(self, what: str, *, why: str, fix: str, left: Decimal) -> None:
        super().__init__(what, why=why, fix=fix)
        self.left = left


class CaptureTooLargeError(FinanceError):
    """More was to be captured than is authorised."""


class CreditTooLargeError(FinanceError):
    """More was to be credited than the invoice is worth; ``left`` is what is."""

    def __init__(self, what: str, *, why: str, fix: str, left: Decimal) -> None:
        super().__init__(what, why=why, fix=fix)
        self.left = left


class CurrencyMismatchError(FinanceError):
    """Money in one currency can't settle a debt in another."""


class AlreadyRecordedError(FinanceError):
    """The same payment or supplier invoice was recorded before."""


class NothingToInvoiceError(FinanceError):
    """Every line is invoiced already, or there are none."""


class InvoiceStateError(FinanceError):
    """The invoice is not in a state that allows what was asked."""


class PaymentStateError(FinanceError):
    """The payment is not in a state that allows what was asked."""


class TenderedTooLittleError(FinanceError):
    """The money handed over does not cover the sale."""


class CashSaleError(FinanceError):
    """The cash sale can't be recorded or voided."""


class ThreeWayMatchError(FinanceError):
    """A supplier's invoice does not agree with what was ordered and received."""
