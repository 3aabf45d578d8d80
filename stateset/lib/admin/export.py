"""Export what a list shows, by its filters: CSV streamed, spreadsheets capped."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from import_export.formats.base_formats import XLSX
from tablib import Dataset

from stateset.lib.admin import theme
from stateset.lib.admin.refusals import sentences
from stateset.lib.errors import StatesetError

XLSX_ROWS = 50_000
CHUNK = 2000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
SECRETS = ("password", "_hash", "secret", "token")


class ExportTooLargeError(StatesetError):
    """A spreadsheet of that many rows would not be made in time; nothing was."""


class Line:
    """A file that gives back what was just written, for csv.writer."""

    def write(self, text: str) -> str:
        return text


class ExportMixin(theme.ModelAdmin):
    """Links that export the list; ``export_fields`` are paths as in ``values_list``.

    By default all columns but secrets. The permission is that to view.
    """

    export_fields: Sequence[str] = ()

    def get_urls(self) -> list[URLPattern]:
        options = self.opts
        view = self.admin_site.admin_view(self.export_view)
        mine = [
            path(
                f"export.{kind}",
                view,
                {"kind": kind},
                name=f"{options.app_label}_{options.model_name}_export_{kind}",
            )
            for kind in ("csv", "xlsx")
        ]
        return [*mine, *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may take the list away; who may see it may."""
        return self.has_view_permission(request)

    def get_export_fields(self, request: HttpRequest) -> Sequence[str]:
        """Return the paths to export, which are also the headings."""
        return self.export_fields or [
            field.attname
            for field in self.opts.concrete_fields
            if not any(secret in field.name for secret in SECRETS)
        ]

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """Answer with the file, or go back to the list and say why not."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        names = list(self.get_export_fields(request))
        listed: QuerySet[Any] = self.get_changelist_instance(request).get_queryset(
            request
        )
        rows = listed.select_related(None).values_list(*names)
        stamp = f"{timezone.now():%Y-%m-%d-%H%M}"
        filename = f"{self.opts.verbose_name_plural}-{stamp}".replace(" ", "-")
        try:
            response = WRITERS[kind](names, rows)
        except ExportTooLargeError as error:
            messages.error(request, sentences(error))
            back = request.get_full_path().replace(f"export.{kind}", "", 1)
            return HttpResponseRedirect(back)
        response.headers["Content-Disposition"] = (
            f'attachment; filename="{filename}.{kind}"'
        )
        return response


def csv_response(names: Sequence[str], rows: QuerySet[Any]) -> StreamingHttpResponse:
    """Return the rows as CSV, sent while they are read."""
    return StreamingHttpResponse(
        csv_lines(names, rows.iterator(chunk_size=CHUNK)),
        content_type="text/csv; charset=utf-8",
    )


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a CSV file, the heading first."""
    writer: Any = csv.writer(Line())
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def xlsx_response(names: Sequence[str], rows: QuerySet[Any]) -> HttpResponse:
    """Return the rows as a spreadsheet; raises ExportTooLargeError past the cap."""
    found = list(rows[: XLSX_ROWS + 1])
    if len(found) > XLSX_ROWS:
        raise ExportTooLargeError(
            "No spreadsheet was made.",
            why=f"the list has more than {XLSX_ROWS:,} rows",
            fix="narrow the list by a filter, or export it as CSV, which has no limit",
        )
    data = Dataset(headers=list(names))
    for row in found:
        data.append([cell(value) for value in row])
    return HttpResponse(XLSX().export_data(data), content_type=XLSX.CONTENT_TYPE)


def cell(value: Any) -> Any:
    """Return a value as a file holds it; text is never taken for a formula.

    Numbers stay numbers. A leading apostrophe keeps a spreadsheet from running what
    somebody typed into a name; importing takes it off again.
    """
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, UUID | time) or hasattr(value, "isoformat"):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


WRITERS = {"csv": csv_response, "xlsx": xlsx_response}
