"""The pages of guided actions: one row, and many with a preview."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from stateset.lib.admin import theme
from stateset.lib.admin.differences import typed_values
from stateset.lib.admin.guided import (
    ActionForm,
    GuidedAction,
    Plan,
    find_action,
    make_plan,
    may_perform,
)
from stateset.lib.admin.once import (
    TOKEN_VAR,
    claim,
    is_claimed,
    new_token,
    release,
    sent_already,
)
from stateset.lib.admin.refusals import REFUSALS, sentences
from stateset.lib.admin.versions import VERSION_VAR, VersionMixin
from stateset.lib.journal import business_transaction
from stateset.lib.seen import deciding_about

BULK_LIMIT = 200
CONFIRMED_VAR = "_confirmed"


class GuidedActionsMixin(VersionMixin):
    """Buttons and bulk actions for what ``guided_actions`` declares."""

    guided_actions: Sequence[GuidedAction] = ()

    def get_urls(self) -> list[URLPattern]:
        mine = path(
            "<path:object_id>/do/<slug:name>/",
            self.admin_site.admin_view(self.guided_view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_do",
        )
        return [mine, *super().get_urls()]

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """Return the actions this user may do to ``row`` now, with their addresses."""
        return [
            {
                "label": action.label,
                "url": self.action_url(row, action),
                "is_dangerous": action.is_dangerous,
            }
            for action in self.guided_actions
            if may_perform(self, request, action, row) and not action.refusal(row)
        ]

    def action_url(self, row: Any, action: GuidedAction) -> str:
        """Return the address of the page that asks before ``action`` is done."""
        return self.named_url(row, action.name)

    def named_url(self, row: Any, name: str) -> str:
        """Return the address of the page of the action of that name."""
        view = f"{self.opts.app_label}_{self.opts.model_name}_do"
        return reverse(f"{self.admin_site.name}:{view}", args=[quote(row.pk), name])

    def action_named(
        self, request: HttpRequest, name: str, row: Any
    ) -> GuidedAction | None:
        """Return the action of that name which a row may have, if there is one."""
        return find_action(self.guided_actions, name)

    def denial(self, request: HttpRequest, action: GuidedAction, row: Any) -> str:
        """Return why this person of all may not do it to this row.

        "" where it is only a permission that is missing, which its own page says.
        """
        return ""

    def guided_view(
        self, request: HttpRequest, object_id: str, name: str
    ) -> HttpResponse:
        """Ask on GET, do on POST; the page says why where it may not be done."""
        row = self.get_object(request, unquote(object_id))
        action = None if row is None else self.action_named(request, name, row)
        if action is None or row is None:
            raise Http404
        if not may_perform(self, request, action, row):
            # A second click must not be told off for what the first one changed.
            if may_perform(self, request, action, None) and is_claimed(request):
                return self._say_sent(request, action, row)
            if denial := self.denial(request, action, row):
                form = action.form(row=row)
                return self._ask(request, action, row, form, denial=denial)
            raise PermissionDenied
        if request.method != "POST":
            return self._ask(request, action, row, action.form(row=row))
        try:
            with business_transaction():
                return self._do_once(request, action, row)
        except REFUSALS as error:
            # As it is now: what the page was made from may be what was refused.
            row = self.get_object(request, unquote(object_id))
            if row is None:
                raise Http404 from error
            form = action.form(request.POST, request.FILES, row=row)
            return self._ask(request, action, row, form, refused=sentences(error))

    def _do_once(
        self, request: HttpRequest, action: GuidedAction, row: Any
    ) -> HttpResponse:
        if claim(request, action.label) is not None:
            return self._say_sent(request, action, row)
        response = self._do(request, action, row.pk)
        if response.status_code != HttpResponseRedirect.status_code:
            release(request)
        return response

    def _say_sent(
        self, request: HttpRequest, action: GuidedAction, row: Any
    ) -> HttpResponse:
        messages.info(request, sent_already(action.label))
        return self._to_row(row)

    def _do(self, request: HttpRequest, action: GuidedAction, key: Any) -> HttpResponse:
        # Read, not locked: the service locks, headers first (``stateset.lib.seen``).
        row = self.get_object(request, str(key))
        if row is None:
            raise Http404
        form = action.form(request.POST, request.FILES, row=row)
        changed = self.is_versioned and request.POST.get(VERSION_VAR) != str(
            self.version_shown(row)
        )
        if changed or action.why_not(row):
            refused = (
                "Nothing was done. Why: somebody else changed it since you opened this "
                "page. What to do: read it again below, then confirm."
                if changed
                else ""
            )
            return self._ask(request, action, row, form, refused=refused)
        if not form.is_valid():
            return self._ask(request, action, row, form)
        with deciding_about(row):
            said = action.perform(row, request, form.cleaned_data)
        self.log_change(request, row, f"{action.label}.")
        messages.success(request, said or f"{action.label}: {row}.")
        return self._to_row(row)

    def _ask(
        self,
        request: HttpRequest,
        action: GuidedAction,
        row: Any,
        form: ActionForm,
        *,
        refused: str = "",
        denial: str = "",
    ) -> HttpResponse:
        reason = denial or action.why_not(row)
        context = {
            "title": f"{action.label}: {row}",
            "original": row,
            "refused": refused,
            "reason": reason,
            "facts": [] if reason else list(action.facts(row)),
            "version": self.version_shown(row) if self.is_versioned else "",
            "back_url": self._row_url(row),
        }
        status = 403 if denial else 409 if refused or reason else 200
        return self._page(request, action, form, context, status=status)

    def _page(
        self,
        request: HttpRequest,
        action: GuidedAction,
        form: ActionForm,
        context: Mapping[str, Any],
        *,
        status: int = 200,
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/stateset/action.html",
            {
                **self.admin_site.each_context(request),
                "is_themed": theme.IS_THEMED,
                "opts": self.opts,
                "action": action,
                "form": form,
                "typed": typed_values(form) if form.is_bound else (),
                "media": self.media + form.media,
                "token": new_token(),
                "token_var": TOKEN_VAR,
                "version_var": VERSION_VAR,
                **context,
            },
            status=status,
        )

    def _row_url(self, row: Any) -> str:
        name = f"{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(f"{self.admin_site.name}:{name}", args=[quote(row.pk)])

    def _to_row(self, row: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(self._row_url(row))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        for action in self.guided_actions:
            if action.in_bulk and may_perform(self, request, action, None):
                name = f"do_{action.name}"
                actions[name] = (_bulk(action), name, action.label)
        return actions

    def bulk_view(
        self, request: HttpRequest, action: GuidedAction, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        """Show what would be done and skipped, then do it row by row."""
        chosen = list(rows[: BULK_LIMIT + 1])
        plan = make_plan(action, chosen[:BULK_LIMIT])
        plan.is_cut = len(chosen) > BULK_LIMIT
        is_confirmed = CONFIRMED_VAR in request.POST
        form = action.form(request.POST if is_confirmed else None)
        if not is_confirmed or not form.is_valid():
            return self._preview(request, action, form, plan)
        try:
            first = claim(request, action.label)
        except REFUSALS as error:
            return self._preview(request, action, form, plan, refused=sentences(error))
        if first is None:
            self._do_each(request, action, plan, form.cleaned_data)
        else:
            messages.info(request, sent_already(action.label))
        return None

    def _preview(
        self,
        request: HttpRequest,
        action: GuidedAction,
        form: ActionForm,
        plan: Plan,
        *,
        refused: str = "",
    ) -> HttpResponse:
        names = self.opts.verbose_name_plural
        context = {
            "title": f"{action.label}: {len(plan.ready)} {names}",
            "plan": plan,
            "refused": refused,
            "limit": BULK_LIMIT,
            "chosen_var": ACTION_CHECKBOX_NAME,
            "confirmed_var": CONFIRMED_VAR,
            "back_url": request.get_full_path(),
        }
        status = 409 if refused else 200
        return self._page(request, action, form, context, status=status)

    def _do_each(
        self,
        request: HttpRequest,
        action: GuidedAction,
        plan: Plan,
        data: Mapping[str, Any],
    ) -> None:
        done = 0
        failed = [f"{row}: {reason}" for row, reason in plan.skipped]
        for row in plan.ready:
            if not may_perform(self, request, action, row):
                failed.append(f"{row}: you may not")
                continue
            try:
                with business_transaction():
                    action.perform(row, request, data)
                    self.log_change(request, row, f"{action.label}.")
            except REFUSALS as error:
                failed.append(f"{row}: {sentences(error)}")
            else:
                done += 1
        if done:
            messages.success(request, f"{action.label}: done for {done}.")
        if failed:
            shown = "; ".join(failed[:10])
            more = f"; and {len(failed) - 10} more" if len(failed) > 10 else ""
            messages.warning(
                request, f"{action.label}: skipped {len(failed)} ({shown}{more})."
            )


def _bulk(
    action: GuidedAction,
) -> Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]:
    def run(
        model_admin: Any, request: HttpRequest, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        shown: HttpResponse | None = model_admin.bulk_view(request, action, rows)
        return shown

    return run
