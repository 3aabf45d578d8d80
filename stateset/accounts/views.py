"""The link to set a password, and the page behind it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from stateset.accounts.services.passwords import find_reset_token, reset_password
from stateset.lib.errors import StatesetError

SESSION_KEY = "_password_link"


class NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.CharField(
        label="New password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="The same again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError("The two passwords differ; type them again.")
        return again


@never_cache
@require_safe
def follow_password_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Take the secret out of the address: into the session, and on to the page.

    So it stands in no Referer, and in the browser's history and the logs of servers
    only for the one request.
    """
    if find_reset_token(secret) is None:
        response = _refuse(request)
    else:
        request.session[SESSION_KEY] = secret
        response = redirect("new-password")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@sensitive_post_parameters()
def set_new_password(request: HttpRequest) -> HttpResponse:
    """Let the holder of a good link set a password, once."""
    secret = request.session.get(SESSION_KEY, "")
    if find_reset_token(secret) is None:
        request.session.pop(SESSION_KEY, None)
        return _refuse(request)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reset_password(secret, form.cleaned_data["password"])
        except StatesetError as error:
            form.add_error("password", f"{error.what} {error.why}")
        else:
            del request.session[SESSION_KEY]
            messages.success(request, "Your password is set. Log in with it.")
            return redirect("admin:login")
    context = {"form": form, "rules": password_validators_help_text_html()}
    # Under the policy of all pages: with no-referrer browsers send the form from
    # "Origin: null", which the check against forged forms refuses.
    return render(request, "accounts/reset.html", context)


def _refuse(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/reset_refused.html", status=404)
