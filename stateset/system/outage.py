"""What a reader sees when the database is lost or two were in each other's way."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse

from stateset.lib.databases import LOST_DATABASE, is_clash, unreachable_error
from stateset.system.error_pages import BROKEN, CLASH, render, render_unavailable

logger = logging.getLogger(__name__)


def answer_clash(exception: BaseException | None) -> HttpResponse | None:
    """Return the 409 page for a deadlock, nothing for any other fault."""
    if not is_clash(exception):
        return None
    logger.warning("A request was undone because another one was in its way.")
    return render(CLASH)


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
    exception = sys.exception()
    return answer_clash(exception) or answer_outage(exception) or render(BROKEN)
