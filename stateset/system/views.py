"""The probes and the metrics, for machines."""

from __future__ import annotations

from ipaddress import ip_network

from django.http import HttpRequest, HttpResponse, JsonResponse
from django_prometheus.exports import ExportToDjangoView

from stateset.accounts.services.api_keys import authenticate_api_key
from stateset.lib.databases import LOST_DATABASE
from stateset.lib.errors import StatesetError
from stateset.lib.maintenance import current_maintenance
from stateset.system import conf
from stateset.system.health import DOWN, UP, read_readiness
from stateset.system.metrics import render_gauges
from stateset.system.networks import client_address, is_within

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
METRICS_SCOPE = "metrics:read"


def live(request: HttpRequest) -> HttpResponse:
    """Say that this process lives; the database is not asked."""
    return JsonResponse({"status": UP})


def ready(request: HttpRequest) -> HttpResponse:
    """Say whether this process can serve pages: 200, or 503 when not."""
    if current_maintenance() is not None:
        components = {"maintenance": {"status": DOWN}}
        return JsonResponse({"status": DOWN, "components": components}, status=503)
    readiness = read_readiness(limit_seconds=conf.health_limit_seconds())
    status = 200 if readiness.is_ready else 503
    return JsonResponse(readiness.as_dict(), status=status)


def version(request: HttpRequest) -> HttpResponse:
    """Say which version runs."""
    return JsonResponse({"version": conf.installation().version})


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics to those the door is open for."""
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    readiness = read_readiness(limit_seconds=conf.health_limit_seconds())
    response: HttpResponse = ExportToDjangoView(request)
    response.content += render_gauges(readiness, version=conf.installation().version)
    return response


def _refusal(request: HttpRequest) -> HttpResponse | None:
    doors = conf.doors()
    address = client_address(request.META, trusted_proxies=doors.trusted_proxies)
    if address is not None and is_within(address, (*LOOPBACK, *doors.metrics_networks)):
        return None
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return _plain("Metrics are closed to this address.", status=403)
    try:
        authenticate_api_key(key.strip(), scope=METRICS_SCOPE)
    except StatesetError:
        response = _plain("This key does not open the metrics.", status=401)
        response.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return response
    except LOST_DATABASE:
        return _plain("Keys can't be looked up just now.", status=503)
    return None


def _plain(text: str, *, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain")
