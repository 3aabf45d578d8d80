"""Find what each app offers under an agreed module name, as the admin does."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.utils.module_loading import module_has_submodule


def discover(name: str) -> Iterator[ModuleType]:
    """Yield module ``name`` of every installed app that has one, in app order."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, name):
            yield import_module(f"{config.name}.{name}")
