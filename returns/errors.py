"""What can go wrong with returns, warranties and claims."""

from __future__ import annotations

from stateset.lib.errors import StatesetError


class ReturnsError(StatesetError):
    """The base of this app's errors."""


class NothingToReturnError(ReturnsError):
    """The lines named can't come back: not shipped, not returnable, or back already."""


class ApprovalRefusedError(ReturnsError):
    """This person may not decide on this return now."""


class ReopeningRefusedError(ReturnsError):
    """The return can't be taken up again."""


class FindingsRefusedError(ReturnsError):
    """What was received or found does not fit what was agreed."""


class RefundNotPossibleError(ReturnsError):
    """There is less money to give back than the return is worth."""


class ResolutionRefusedError(ReturnsError):
    """The return can't be settled in this way."""


class WarrantyRefusedError(ReturnsError):
    """The warranty does not cover this, or can't be changed so."""


class ClaimRefusedError(ReturnsError):
    """The claim can't be made or decided so."""
