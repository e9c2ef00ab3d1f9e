"""A project that is to be moved: what was found of it, and the Dockerfiles that install it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from uvlint import config, context, engine, files, filesystem, images, plan, reads
from uvlint.migrate import lines
from uvlint.source import Source

if TYPE_CHECKING:
    from uvlint.migrate.declared import Declared
    from uvlint.model import Build


class Declined(Exception):  # noqa: N818 - it is told as an answer
    """The project can't be moved; the text says why, and what to do."""


class Image(NamedTuple):
    """A Dockerfile of the project, read with its build context. `path` is absolute."""

    path: str
    build: Build


@dataclass(slots=True)
class Group:
    """A group of dependencies, or the project's own (`name` is MAIN): its requirement files and the groups it includes."""

    name: str
    files: list[str] = field(default_factory=list)
    lines: list[lines.Line] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Project:
    """What was found in a folder.

    `kind` is that of `locked.Locked`, or "project" for a pyproject.toml that only lacks its lock file. `sources` says
    what became of each file, `pins` the versions of today (requirements, by name), `tables` what pyproject.toml says.
    """

    root: str
    kind: str
    images: list[Image]
    python: str = ""
    pyproject: str | None = None
    tables: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    constraints: list[lines.Line] = field(default_factory=list)
    constraint_files: set[str] = field(default_factory=set)
    options: lines.Options = field(default_factory=lines.Options)
    pins: dict[str, list[str]] = field(default_factory=dict)
    declared: Declared | None = None
    own: bool = False
    notes: list[str] = field(default_factory=list)


def repository(folder: str) -> str:
    """The root of the repository that holds a folder; the folder itself where there is none."""
    at = folder
    while not os.path.exists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            return folder
        at = above
    return at


def images_of(root: str, top: str) -> list[Image]:
    """The Dockerfiles of a project: those of its folder and, of the rest of its repository, those that name the folder.

    Those that can't be read are for `uvlint check` to tell.
    """
    name = os.path.basename(root)
    found = []
    for one in files.find([top], config.Finder(lambda settings: settings)):
        path = os.path.abspath(one.path)
        if one.settings is None:
            continue
        try:
            source = Source.decode(filesystem.read(path), one.path)
        except (OSError, ValueError):
            continue
        if not path.startswith(root + os.sep) and name not in source.text:
            continue
        found.append(Image(path, engine.read(source, one.settings, context.find(path))))
    return found


def has(root: str, name: str) -> bool:
    return os.path.isfile(os.path.join(root, name))


def read_by(project: Project, image: Image) -> list[str]:
    """The project's files that an image's installs read, relative to its root."""
    folder = context.root(image.build)
    if folder is None or image.build.context is None:
        return []
    found = []
    for install in plan.installs(image.build):
        for one in reads.of(install).files:
            if one.origin is None or one.data is None:
                continue
            place = os.path.relpath(os.path.abspath(image.build.context.place(folder, one.origin)), project.root)
            if not place.startswith(os.pardir):
                found.append(place.replace(os.sep, "/"))
    return found


def installs(project: Project, image: Image) -> bool:
    """Whether an image installs the project, or what it depends on."""
    tools = {one.tool for one in plan.installs(image.build)}
    return project.kind in tools or bool(read_by(project, image))


def pythons(found: list[Image]) -> list[str]:
    """The Python versions of the images that install something, as "3.12"."""
    versions = set()
    for image in found:
        for stage in image.build.stages:
            if stage in images.shipped(image.build) and stage.base.python:
                versions.add(stage.base.python)
    return sorted(versions, key=number)


def number(version: str) -> tuple[int, ...]:
    """A version such as "3.12" as numbers to compare."""
    return tuple(int(one) for one in re.findall(r"\d+", version)[:2])
