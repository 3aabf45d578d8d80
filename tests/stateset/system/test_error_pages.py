from __future__ import annotations

import logging
from io import StringIO

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from stateset.system.error_pages import (
    BAD_REQUEST,
    BROKEN,
    CLASH,
    FORBIDDEN,
    NOT_FOUND,
    STALE_FORM,
    UNAVAILABLE,
    Trouble,
    render,
)
from stateset.system.logging import TextFormatter

TROUBLES = [
    BAD_REQUEST,
    FORBIDDEN,
    STALE_FORM,
    NOT_FOUND,
    CLASH,
    BROKEN,
    UNAVAILABLE,
]


def bad(request: HttpRequest) -> HttpResponse:
    raise BadRequest("a detail for nobody")


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("a detail for nobody")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a detail for nobody")


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("bad", bad),
    path("denied", denied),
    path("broken", broken),
    path("form", form),
]
handler400 = "stateset.system.error_pages.bad_request"
handler403 = "stateset.system.error_pages.permission_denied"
handler404 = "stateset.system.error_pages.page_not_found"
handler500 = "stateset.system.outage.server_error"


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(
    ("address", "trouble"),
    [
        ("/bad", BAD_REQUEST),
        ("/denied", FORBIDDEN),
        ("/nowhere", NOT_FOUND),
        ("/broken", BROKEN),
    ],
)
def test_each_fault_has_its_page(client: Client, address, trouble):
    client.raise_request_exception = False
    response = client.get(address)
    page = response.content.decode()
    assert response.status_code == trouble.status
    for words in (trouble.what, trouble.why, trouble.how):
        assert words in page
    assert "a detail for nobody" not in page
    assert response.headers["X-Request-ID"] in page


@override_settings(ROOT_URLCONF=__name__)
def test_a_forbidden_page_is_one_line_in_the_log(client: Client):
    logger, written = logging.getLogger("django.request"), StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(TextFormatter())
    logger.addHandler(handler)
    try:
        response = client.get("/denied")
    finally:
        logger.removeHandler(handler)
    (line,) = written.getvalue().splitlines()
    assert "WARNING" in line
    assert line.endswith("Forbidden (Permission denied): /denied")
    assert response.status_code == 403


@override_settings(ROOT_URLCONF=__name__)
def test_a_stale_form_says_how_to_send_it_again():
    response = Client(enforce_csrf_checks=True).post("/form")
    assert response.status_code == 403
    assert STALE_FORM.how in response.content.decode()


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.what)
def test_a_page_loads_nothing_else_and_needs_no_database(trouble: Trouble):
    response = render(trouble)
    page = response.content.decode()
    assert response.status_code == trouble.status
    assert "prefers-color-scheme: dark" in page
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for outside in ("<script", "<link", "<img", "src=", "http:", "https:", "url("):
        assert outside not in page
