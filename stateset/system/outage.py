"""What a reader sees while the database is lost, and what an operator reads."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse

from stateset.lib.databases import LOST_DATABASE, unreachable_error
from stateset.system.error_pages import BROKEN, render, render_unavailable

logger = logging.getLogger(__name__)


def answer_outage(exception: BaseException | None) -> HttpResponse | None:
    """Return the 503 page if the database is lost, nothing for any other fault."""
    if not isinstance(exception, LOST_DATABASE):
        return None
    error = unreachable_error()
    if error is None:
        return None
    logger.error("%s why: %s fix: %s", error.what, error.why, error.fix)
    return render_unavailable()


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page for a fault, or for a database lost outside of any view."""
    return answer_outage(sys.exception()) or render(BROKEN)
