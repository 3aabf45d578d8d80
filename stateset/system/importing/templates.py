"""Empty files to fill in: one header line with the columns of a model."""

from __future__ import annotations

from django.http import HttpResponse
from import_export.formats.base_formats import CSV, XLSX
from tablib import Dataset

from stateset.system.importing.resource import StatesetResource

FORMATS = {"csv": CSV, "xlsx": XLSX}


def template_response(resource: type[StatesetResource], kind: str) -> HttpResponse:
    """Return an empty file of ``kind``, csv or xlsx, to be saved and filled in."""
    layout = FORMATS[kind]()
    table = Dataset(headers=[column.name for column in resource.columns()])
    response = HttpResponse(
        layout.export_data(table), content_type=layout.get_content_type()
    )
    filename = f"{resource.label()}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
