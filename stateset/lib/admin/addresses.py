"""Addresses of the admin's pages: working one out is slow, a page shows hundreds."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import quote as percent

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import (
    URLResolver,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    reverse,
)

KEY = "0key0"


def page_url(name: str, *, site: str = "admin") -> str:
    """Return the address of a page that no row is named in; raises NoReverseMatch."""
    return _reversed(_routes(), get_script_prefix(), site, name, ())


def change_url(model: type[Model], key: Any, *, site: str = "admin") -> str:
    """Return the address of the page of a row; raises NoReverseMatch."""
    options = model._meta
    name = f"{options.app_label}_{options.model_name}_change"
    pattern = _reversed(_routes(), get_script_prefix(), site, name, (KEY,))
    return pattern.replace(
        KEY, percent(quote(key) if isinstance(key, str) else str(key))
    )


def _routes() -> URLResolver:
    return get_resolver(get_urlconf())


@lru_cache(maxsize=2000)
def _reversed(
    routes: URLResolver, prefix: str, site: str, name: str, keys: tuple[str, ...]
) -> str:
    """Reverse once; other routes or another prefix are asked for anew."""
    return reverse(f"admin:{name}", args=keys, current_app=site)
