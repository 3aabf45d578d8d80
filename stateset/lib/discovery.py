"""Find what each app offers under an agreed module name, as the admin does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Protocol, TypeVar

from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule

from stateset.lib.errors import UsageError


class Named(Protocol):
    """A rule that people call by its name."""

    @property
    def name(self) -> str: ...


NamedRule = TypeVar("NamedRule", bound=Named)


def discover(name: str) -> Iterator[ModuleType]:
    """Yield module ``name`` of every installed app that has one, in app order."""
    for config in apps.get_app_configs():
        if (module := _submodule(config, name)) is not None:
            yield module


@cache
def _submodule(config: AppConfig, name: str) -> ModuleType | None:
    """Look once: the menu of every page asks, and looking goes to the disk."""
    if config.module is None or not module_has_submodule(config.module, name):
        return None
    return import_module(f"{config.name}.{name}")


def named_rules(
    rules: Iterable[NamedRule], names: Collection[str], *, refused: str
) -> list[NamedRule]:
    """Return the rules of these names, all of them for none; raise UsageError."""
    by_name = {rule.name: rule for rule in rules}
    if unknown := set(names) - set(by_name):
        raise UsageError(
            refused,
            why=f"there is no rule {', '.join(sorted(unknown))}",
            fix=f"choose among {', '.join(by_name)}",
        )
    return [by_name[name] for name in names or by_name]
