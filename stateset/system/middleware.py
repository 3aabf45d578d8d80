"""What happens around every request: probes, its number, its actor, its headers."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import ClassVar
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.encoding import escape_uri_path

from stateset.lib.databases import LOST_DATABASE, unreachable_error
from stateset.lib.journal import acting
from stateset.lib.maintenance import current_maintenance
from stateset.system import conf, views
from stateset.system.error_pages import render_maintenance, render_unavailable
from stateset.system.logging import REQUEST_ID_KEY, without_secret
from stateset.system.outage import answer_clash, answer_outage

GetResponse = Callable[[HttpRequest], HttpResponseBase]

REQUEST_ID_HEADER = "X-Request-ID"
REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")

logger = logging.getLogger(__name__)
access_logger = logging.getLogger("stateset.access")


class ProbeMiddleware:
    """Answer probes first: no host check, redirect, session or log line."""

    PROBES: ClassVar[dict[str, Callable[[HttpRequest], HttpResponse]]] = {
        "/health": views.live,
        "/health/live": views.live,
        "/health/ready": views.ready,
        "/health/readiness": views.ready,
        "/health/version": views.version,
        "/metrics": views.metrics,
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = self.PROBES.get(request.path_info.rstrip("/"))
        if probe is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = probe(request)
        response.headers["Cache-Control"] = "no-store"
        return response


class RequestMiddleware:
    """Give each request a number, found again in its answer, log lines and audit."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = given if REQUEST_ID_FORM.fullmatch(given) else uuid4().hex
        request.META[REQUEST_ID_KEY] = request_id
        started = time.perf_counter()
        with acting(request_id=request_id):
            response = self.get_response(request)
            response.headers[REQUEST_ID_HEADER] = request_id
            # The query is left out: it may hold names and e-mail addresses.
            facts = {
                "method": request.method,
                "path": without_secret(escape_uri_path(request.path)),
                "status": response.status_code,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
            }
            is_static = request.path.startswith(conf.static_path())
            access_logger.log(
                logging.DEBUG if is_static else logging.INFO,
                "%(method)s %(path)s %(status)s in %(duration_ms)s ms",
                facts,
                extra=facts,
            )
        return response


class MaintenanceMiddleware:
    """Answer 503 in plain words while the database is being replaced."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if current_maintenance() is not None:
            return render_maintenance()
        return self.get_response(request)


class ActorMiddleware:
    """Let what a request writes carry who is logged in; answer 503 without database.

    Once the database was found lost, each request asks first, which takes a second
    or two, instead of waiting for a pooled connection until all threads wait.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_lost = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if self.is_lost:
            if unreachable_error() is not None:
                return render_unavailable()
            self.is_lost = False
            logger.warning("The database answers again.")
        try:
            actor = _actor(request)
        except LOST_DATABASE as error:
            response = self.process_exception(request, error)
            if response is None:
                raise
            return response
        with acting(**actor):
            return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer for a lost server and a deadlock; a wrong statement stays a fault."""
        if clash := answer_clash(exception):
            return clash
        response = answer_outage(exception)
        self.is_lost = response is not None
        return response


class ContentSecurityPolicyMiddleware:
    """Send the policy that the pages of the admin keep to."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Django's own page of a fault, for developers, needs its inline script.
        if not (conf.installation().debug and response.status_code >= 400):
            response.headers.setdefault(
                "Content-Security-Policy", conf.content_security_policy()
            )
        return response


def _actor(request: HttpRequest) -> dict[str, str]:
    user = request.user
    if not user.is_authenticated:
        return {}
    return {"actor_id": str(user.pk), "actor_label": user.get_username()}
