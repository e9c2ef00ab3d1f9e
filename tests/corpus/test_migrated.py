"""Every real Dockerfile as if its project had been moved: what is written is whole, and what is declined says why.

The corpus has the Dockerfiles alone, so a build context is made up that holds what each of them copies.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest
from loader import dockerfiles

from uvlint import context, engine, plan, projects, proof, reads
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.migrate import dockerfiles as moving
from uvlint.migrate.locked import Locked
from uvlint.source import Source

if TYPE_CHECKING:
    from uvlint.migrate.dockerfiles import Rewritten
    from uvlint.model import Build

PYPROJECT = """\
[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.8"
dependencies = ["six==1.16.0"]
"""
LOCK = """\
version = 1
requires-python = ">=3.8"

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "six" }]

[package.metadata]
requires-dist = [{ name = "six", specifier = "==1.16.0" }]
"""


def made_up(source: Source) -> tuple[Context, Locked]:
    """A build context that holds what a Dockerfile copies, and a project made of its requirements files."""
    text = source.text
    kind = next((name for name in ("poetry", "pipenv") if f"{name} install" in text), "requirements")
    build = engine.read(source, Settings())
    files = {"poetry": {"poetry.lock": ""}, "pipenv": {"Pipfile": "", "Pipfile.lock": ""}}.get(kind, {})
    for step in build.steps:
        for word in context.copied(step) or ():
            path = posixpath.normpath(word.lstrip("/") or ".")
            if not context.remote(word) and not set("*?[") & set(path) and path != "." and not path.startswith(".."):
                known = context.looks_like_file(posixpath.basename(path))
                files[path if known else f"{path}/x.py"] = ""
    sources = {
        one.origin: "dev" if "dev" in one.origin or "test" in one.origin else ""
        for install in plan.installs(build)
        for one in reads.of(install).files
        if one.origin is not None and one.origin.endswith(".txt")
    }
    files |= dict.fromkeys(sources, "six==1.16.0\n")
    files |= {"Dockerfile": text, "pyproject.toml": PYPROJECT, "uv.lock": LOCK}
    seen = Context.of(
        {path: data for path, data in files.items() if not any(one.startswith(f"{path}/") for one in files)}
    )
    named = moving.demands(build)
    project = Locked(
        root="", name="app", kind=kind, package=False, python=">=3.8", uv="0.13.8", sources=sources, groups=("dev",),
        pyproject=PYPROJECT + "".join(f"# {url}\n" for _, url in named.indexes), lock=LOCK,
        named=frozenset(named.requirements),
    )  # fmt: skip
    return seen, project


@cache
def moved() -> list[tuple[Source, Context, Rewritten]]:
    found = []
    for one in dockerfiles():
        source = Source(one.text, "Dockerfile")
        seen, project = made_up(source)
        found.append((one, seen, moving.rewrite(engine.read(source, Settings(), seen), project)))
    return found


def read(text: str, seen: Context, made: Rewritten) -> Build:
    return engine.read(
        Source(text, "Dockerfile"), Settings(), seen.holding({one.path: one.after for one in made.files})
    )


def test_enough_of_them_move_to_tell() -> None:
    outcomes = Counter(
        "declined" if made.reasons else "moved" if made.text != source.text else "left" for source, _, made in moved()
    )
    assert outcomes["moved"] > 100
    assert outcomes["declined"] > 0


def test_what_is_declined_stays_as_it_was() -> None:
    for source, _, made in moved():
        if made.reasons:
            assert (made.text, made.files) == (source.text, []), source.path


def test_what_is_written_parses_and_has_all_that_a_sync_needs() -> None:
    for source, seen, made in moved():
        if made.text == source.text:
            continue
        build = read(made.text, seen, made)
        assert proof.problems(build.dockerfile) == proof.problems(engine.read(source, Settings()).dockerfile), (
            source.path
        )
        syncs = projects.syncs(build)
        assert syncs, source.path
        for sync in syncs:
            assert sync.set("locked") or sync.set("frozen"), source.path
            assert sync.lock is not None, source.path
            assert sync.project is not None, source.path


@pytest.mark.parametrize("rule", ["unlocked-sync", "dev-dependencies", "project-before-dependencies", "managed-python"])
def test_the_result_draws_no_finding_about_its_syncs(rule: str) -> None:
    for source, seen, made in moved():
        if made.text != source.text:
            held = seen.holding({one.path: one.after for one in made.files})
            settings = Settings(select=(rule,))
            found = engine.check(Source(made.text, "Dockerfile"), settings, context=held)
            assert [one.message for one in found if one.fix is not None] == [], source.path
