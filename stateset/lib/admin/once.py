"""A page is carried out once: what it carries, and who sends it first.

Every page that writes carries a token. The first sending claims it in the transaction
of what it does; the second waits for the first, does nothing, and answers as it did.
``docs/adr/a-page-is-carried-out-once-by-a-session-row.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.crypto import get_random_string

from stateset.lib.errors import StatesetError

ONCE_FOR = timedelta(days=1)
TOKEN_VAR = "_once"  # noqa: S105 -- the name of a form field
CSRF = "csrfmiddlewaretoken"
TYPED = "typed"
POPUP_DATA = "popup_response_data"


class IncompletePageError(StatesetError):
    """A page came in without its token; nothing was done."""

    def __init__(self) -> None:
        super().__init__(
            "The page came in incomplete, and nothing was done.",
            why="the mark by which a page is carried out once is missing",
            fix="open the page anew, fill it in and send it",
        )


class AlteredPageError(StatesetError):
    """A page that was carried out came in again, and says something else now."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"“{what}” was carried out already, with other words than these.",
            why="the page was sent, then changed and sent once more",
            fix="look at what was saved; what was typed now is below, to be sent where"
            " that is still possible",
        )


def new_token() -> str:
    """Return what a page carries so that it is carried out once."""
    return get_random_string(32)


def claim(request: HttpRequest, what: str) -> Mapping[str, Any] | None:
    """Return what was kept of this page when it was carried out; None: it is now.

    Called in the transaction of the action: what undoes the action undoes this, and
    a second click waits for the first, whichever process has it. A page without a
    token was not made by us: raises IncompletePageError. Raises AlteredPageError for
    one that was changed after it was carried out, so that nothing typed is lost.
    """
    if not request.POST.get(TOKEN_VAR):
        raise IncompletePageError
    typed = _digest(request)
    row, is_first = Session.objects.get_or_create(
        session_key=_row_of(request),
        defaults={
            "session_data": Session.objects.encode({TYPED: typed}),
            "expire_date": timezone.now() + ONCE_FOR,
        },
    )
    if is_first:
        return None
    first: Mapping[str, Any] = row.get_decoded()
    # One of before this was kept has none; it lives for a day.
    if first.get(TYPED, typed) != typed:
        raise AlteredPageError(what)
    return first


def is_claimed(request: HttpRequest) -> bool:
    """Return whether a page was sent, and carried out, before."""
    return Session.objects.filter(session_key=_row_of(request)).exists()


def release(request: HttpRequest) -> None:
    """Let a page be sent again, because nothing came of it."""
    Session.objects.filter(session_key=_row_of(request)).delete()


def sent_already(what: str) -> str:
    """Return what the second sending of a page is told."""
    return f"“{what}” was sent already; nothing more was done."


def save_once(
    request: HttpRequest, what: str, save: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer a form by ``save``; sent again, answer as before and save no more.

    Called in the transaction of the save. A form that is shown again, with errors or
    because somebody else saved the row, was not carried out and may be sent again.
    Raises what ``claim`` raises.
    """
    first = claim(request, what)
    if first is not None:
        messages.info(request, sent_already(what))
        return _answer_again(request, first)
    answer = save()
    if kept := _what_to_keep(answer):
        data = Session.objects.encode({**kept, TYPED: _digest(request)})
        Session.objects.filter(session_key=_row_of(request)).update(session_data=data)
    else:
        release(request)
    return answer


def _digest(request: HttpRequest) -> str:
    """Return a digest of what was typed; which button sent it makes no difference."""
    typed = sorted(
        (name, values)
        for name, values in request.POST.lists()
        if not name.startswith("_") and name != CSRF
    )
    return sha256(repr(typed).encode()).hexdigest()


def _what_to_keep(answer: HttpResponse) -> Mapping[str, str]:
    """Return what an answer to a save is made from again, nothing if none was saved."""
    if isinstance(answer, HttpResponseRedirect):
        return {"url": answer.url}
    told_opener = (getattr(answer, "context_data", None) or {}).get(POPUP_DATA)
    return {POPUP_DATA: told_opener} if told_opener else {}


def _answer_again(request: HttpRequest, kept: Mapping[str, Any]) -> HttpResponse:
    if "url" in kept:
        return HttpResponseRedirect(kept["url"])
    told_opener = {POPUP_DATA: kept[POPUP_DATA]}
    return TemplateResponse(request, "admin/popup_response.html", told_opener)


def _row_of(request: HttpRequest) -> str:
    token = request.POST.get(TOKEN_VAR, "")
    # Never what a browser holds, so it opens no session; as long as the column.
    return f"once{sha256(token.encode()).hexdigest()[:36]}"
