"""The rules: one module each, found by being here.

A rule is a generator of diagnostics, decorated with its code; its name is the function's, its summary the docstring's
first line. Nothing is registered anywhere else.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from uvlint import filesystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uvlint.diagnostics import Diagnostic
    from uvlint.model import Build


class Rule(NamedTuple):
    """A rule as the engine and the pages know it."""

    name: str
    code: str
    summary: str
    check: Callable[[Build], Iterator[Diagnostic]]

    def __call__(self, build: Build) -> Iterator[Diagnostic]:
        for diagnostic in self.check(build):
            yield diagnostic._replace(rule=self.name, code=self.code)


_known: dict[str, Rule] = {}


def rule(code: str) -> Callable[[Callable[[Build], Iterator[Diagnostic]]], Rule]:
    """Makes a rule of a generator function, under the function's name."""

    def decorate(check: Callable[[Build], Iterator[Diagnostic]]) -> Rule:
        name = check.__name__.replace("_", "-")
        made = Rule(name, code, (check.__doc__ or "").strip().partition("\n")[0].rstrip("."), check)
        _known[name] = made
        return made

    return decorate


def load() -> dict[str, Rule]:
    """All rules by name, in the order of their codes."""
    if not _loaded:
        for entry in filesystem.entries(os.path.dirname(__file__)):
            module, dot, ending = entry.name.rpartition(".")
            if dot and ending == "py" and not module.startswith("_"):
                import_module(f"uvlint.rules.{module}")
        _loaded.update(sorted(_known.items(), key=lambda item: item[1].code))
    return _loaded


_loaded: dict[str, Rule] = {}
