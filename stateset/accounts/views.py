"""The page behind a password link."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from stateset.accounts.services.passwords import find_reset_token, reset_password
from stateset.lib.errors import StatesetError


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
@sensitive_post_parameters()
def set_new_password(request: HttpRequest, secret: str) -> HttpResponse:
    """Let the holder of a good link set a password, once."""
    if find_reset_token(secret) is None:
        return render(request, "accounts/reset_refused.html", status=404)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reset_password(secret, form.cleaned_data["password"])
        except StatesetError as error:
            form.add_error("password", f"{error.what} {error.why}")
        else:
            messages.success(request, "Your password is set. Log in with it.")
            return redirect("admin:login")
    context = {"form": form, "rules": password_validators_help_text_html()}
    response = render(request, "accounts/reset.html", context)
    # The secret stands in the address; it must not travel on to other sites.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
