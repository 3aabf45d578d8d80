"""The pages for what goes wrong: what happened, why, how to go on.

They need no database, no session and no static file.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from stateset.lib import maintenance
from stateset.lib.journal import current_context

# Their style stands in the page itself, and nothing else may load.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
RETRY_AFTER_SECONDS = 10


@dataclass(frozen=True)
class Trouble:
    """What one error page says."""

    status: int
    what: str
    why: str
    how: str


BAD_REQUEST = Trouble(
    400,
    what="This request could not be read",
    why="Something in the address or in what was sent is not as it should be.",
    how="Go back and try again. If you typed the address, check it.",
)
FORBIDDEN = Trouble(
    403,
    what="You may not do this",
    why="Your account does not have the permission that this page asks for.",
    how="Ask whoever looks after the accounts here for it, or use another account.",
)
STALE_FORM = Trouble(
    403,
    what="This form is no longer valid",
    why="It was open for too long, you logged in again, or cookies are blocked.",
    how="Go back, load the page anew, and send the form again.",
)
NOT_FOUND = Trouble(
    404,
    what="There is no such page",
    why="The address is wrong, or what stood here was deleted.",
    how="Go to the home page and search for it from there.",
)
CLASH = Trouble(
    409,
    what="Somebody changed this at the same moment",
    why="Your change and theirs were in each other's way. Nothing of yours was done.",
    how="Go back, load the page anew, look at it, and try again.",
)
BROKEN = Trouble(
    500,
    what="Something went wrong here",
    why="The program met a fault. What you had begun was probably not saved.",
    how="Look whether it was, then try again. If it fails again, give the number "
    "below to whoever runs this site.",
)
UNAVAILABLE = Trouble(
    503,
    what="The database does not answer",
    why="The server of the database is down or restarting. Nothing is lost that "
    "was saved before.",
    how="Wait a minute and load this page again.",
)

MAINTENANCE = Trouble(
    503,
    what="This site is being looked after",
    why="The database is being replaced by a backup, so nobody may work in it just "
    "now. What you had begun was not saved.",
    how="Wait a few minutes and load this page again. You will have to log in again.",
)


def render(trouble: Trouble) -> HttpResponse:
    """Return the page for one kind of trouble."""
    context = {"trouble": trouble, "request_id": current_context().request_id}
    response = HttpResponse(
        render_to_string(f"{trouble.status}.html", context), status=trouble.status
    )
    response.headers["Content-Security-Policy"] = POLICY
    return response


def render_unavailable() -> HttpResponse:
    """Return the page for a lost database, which asks to be tried again."""
    response = render(UNAVAILABLE)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def render_maintenance() -> HttpResponse:
    """Return the page for maintenance mode, which asks to be tried again."""
    response = render(MAINTENANCE)
    response.headers["Retry-After"] = str(maintenance.RETRY_AFTER_SECONDS)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(FORBIDDEN)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(STALE_FORM)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(NOT_FOUND)
