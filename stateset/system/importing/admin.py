"""The import pages of a list: choose a file, look at what it would do, confirm."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from stateset.lib.admin import theme
from stateset.lib.admin.once import TOKEN_VAR, claim, new_token, release
from stateset.lib.admin.refusals import REFUSALS, sentences
from stateset.system.errors import ImportRefusedError, UnreadableFileError, gathered
from stateset.system.importing.carrying import Upload, pack, unpack
from stateset.system.importing.flow import ImportOutcome, import_table
from stateset.system.importing.mappings import parse_mapping
from stateset.system.importing.resource import StatesetResource, resources
from stateset.system.importing.tables import read_table
from stateset.system.importing.templates import FORMATS, template_response

UPLOAD_VAR = "_upload"

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 3_000
"""What one request can do before a proxy gives up waiting for it."""

SHOWN_ROWS = 100
SHOWN_PROBLEMS = 50


class ImportForm(forms.Form):
    """A file and, where its columns are not ours, a mapping."""

    file = forms.FileField(
        allow_empty_file=True,
        max_length=200,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        help_text="CSV in UTF-8 or XLSX. The first line names the columns.",
    )
    mapping = forms.FileField(
        required=False,
        allow_empty_file=True,
        max_length=200,
        widget=forms.FileInput(attrs={"accept": ".toml"}),
        help_text="Only if the columns have other names: a TOML file that maps them.",
    )

    def clean(self) -> dict[str, Any]:
        for name in self.fields:
            file = self.cleaned_data.get(name)
            if file and file.size > MOST_BYTES:
                limit = f"{MOST_BYTES // 1024**2} MiB"
                message = f"{file.name} is larger than {limit}; split it"
                self.add_error(name, ValidationError(message))
        return self.cleaned_data

    def upload(self) -> Upload:
        """Return both files as they were chosen."""
        file: UploadedFile = self.cleaned_data["file"]
        mapping: UploadedFile | None = self.cleaned_data["mapping"]
        if mapping is None:
            return Upload(file.name or "", file.read())
        return Upload(file.name or "", file.read(), mapping.name or "", mapping.read())


class ImportMixin(theme.ModelAdmin):
    """An Import button over the list, for who may add and change all that it writes.

    What can be imported is the resource that the model's app offers in ``imports.py``.
    import-export's own pages are not used: they keep uploads in a folder of one
    machine, know no mapping, and write styles that our policy forbids.
    """

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_import"
        template_view = self.admin_site.admin_view(self.import_template_view)
        mine = [
            path("import/", self.admin_site.admin_view(self.import_view), name=name),
            *(
                path(
                    f"import/template.{kind}",
                    template_view,
                    {"kind": kind},
                    name=f"{name}_{kind}",
                )
                for kind in FORMATS
            ),
        ]
        return [*mine, *super().get_urls()]

    @property
    def resource(self) -> type[StatesetResource]:
        """Return how rows of this model are read and written."""
        return resources()[self.opts.label_lower]

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may add and change all that an import writes."""
        return all(
            request.user.has_perm(
                f"{options.app_label}.{get_permission_codename(action, options)}"
            )
            for options in (
                model._meta for model in (self.model, *self.resource.also_writes)
            )
            for action in ("add", "change")
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        may_import = {"may_import": self.has_import_permission(request)}
        return super().changelist_view(request, may_import | (extra_context or {}))

    def import_template_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Answer with an empty file that has the columns of this model."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        return template_response(self.resource, kind)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a file, show what it would do, do it: one page, three times."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._import_page(request, ImportForm())
        try:
            if UPLOAD_VAR in request.POST:
                return self._import_file(request)
            return self._check_file(request)
        except REFUSALS as error:
            return self._import_page(request, ImportForm(), refused=error)

    def _check_file(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._import_page(request, form)
        upload = form.upload()
        packed = pack(upload, owner=self._owner(request))
        outcome = self._run(upload, is_dry_run=True)
        return self._import_page(request, form, outcome=outcome, packed=packed)

    def _import_file(self, request: HttpRequest) -> HttpResponse:
        upload = unpack(request.POST[UPLOAD_VAR], owner=self._owner(request))
        if claim(request, upload.name) is not None:
            messages.info(
                request, f"{upload.name} was sent already; nothing more was done."
            )
            return self._to_list()
        try:
            outcome = self._run(upload, is_dry_run=False)
        except Exception:
            release(request)
            raise
        messages.success(request, f"Imported {outcome}.")
        return self._to_list()

    def _run(self, upload: Upload, *, is_dry_run: bool) -> ImportOutcome:
        mapping = None
        if upload.mapping_name:
            mapping = parse_mapping(upload.mapping_name, upload.mapping)
        table = read_table(upload.name, upload.content)
        if len(table) > MOST_ROWS:
            raise UnreadableFileError(
                f"File {upload.name} was not read.",
                why=f"it has {len(table):,} rows; a page takes {MOST_ROWS:,} at once",
                fix="split it, or import it with the command import_data",
            )
        return import_table(
            self.resource, upload.name, table, mapping=mapping, is_dry_run=is_dry_run
        )

    def _owner(self, request: HttpRequest) -> str:
        return f"{self.opts.label_lower}:{request.user.pk}"

    def _to_list(self) -> HttpResponse:
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{name}"))

    def _import_page(
        self,
        request: HttpRequest,
        form: ImportForm,
        *,
        outcome: ImportOutcome | None = None,
        packed: str = "",
        refused: Exception | None = None,
    ) -> HttpResponse:
        problems = refused.problems if isinstance(refused, ImportRefusedError) else ()
        told = gathered(problems)
        rows = (
            [row for row in outcome.rows if row.kind != "unchanged"] if outcome else []
        )
        return TemplateResponse(
            request,
            "admin/stateset/import.html",
            {
                **self.admin_site.each_context(request),
                "is_themed": theme.IS_THEMED,
                "title": f"Import {self.opts.verbose_name_plural}",
                "opts": self.opts,
                "media": self.media + form.media,
                "form": form,
                "columns": self.resource.columns(),
                "outcome": outcome,
                "rows": rows[:SHOWN_ROWS],
                "rows_left": len(rows[SHOWN_ROWS:]),
                "refused": "" if problems or not refused else sentences(refused),
                "problems": told[:SHOWN_PROBLEMS],
                "problems_left": len(told[SHOWN_PROBLEMS:]),
                "upload_var": UPLOAD_VAR,
                "packed": packed,
                "token_var": TOKEN_VAR,
                "token": new_token(),
            },
        )
