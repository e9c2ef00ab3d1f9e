"""A whole migration, worked out before anything is written: the project's files and its Dockerfiles."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uvlint import context, engine, filesystem, plan
from uvlint.migrate import dockerfiles, finding, lines, locking, mentions, project
from uvlint.migrate.locked import MAIN
from uvlint.migrate.project import Declined
from uvlint.migrate.transaction import Change
from uvlint.tools.requirements import normalised

if TYPE_CHECKING:
    from uvlint.migrate.locked import Locked
    from uvlint.migrate.locking import Written
    from uvlint.migrate.project import Image, Project
    from uvlint.model import Build


_OLD = {"poetry": ("poetry.lock",), "pipenv": ("Pipfile", "Pipfile.lock")}


@dataclass(slots=True)
class Moved:
    """All that a migration changes, and what it has to say.

    `told` is one line for each file, `notes` what may come out differently or is left to do.
    """

    changes: list[Change]
    told: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def work_out(root: str, *, python: str = "", only: bool = False) -> Moved:
    """What moving the project in a folder (absolute) would change; `only`: not its Dockerfiles.

    Raises: Declined, tools.Missing.
    """
    found = finding.find(root, python)
    named = _demanded(found) if not only else []
    written = locking.write(found, named)
    texts: dict[str, str] = {"pyproject.toml": written.locked.pyproject, "uv.lock": written.locked.lock}
    texts |= {name: left for name, left in _left(found).items() if left is not None}
    moved = Moved([], notes=list(written.notes))
    if not only:
        _rewrite(found, written, texts, moved)
    _settle(found, written, texts, moved)
    return moved


def _left(found: Project) -> dict[str, str | None]:
    """What becomes of setup.py and setup.cfg."""
    return found.declared.left if found.declared is not None else {}


def _demanded(found: Project) -> list[str]:
    """What the command lines of its Dockerfiles ask for beside the project's files; their indexes become the project's."""
    named: dict[str, None] = {}
    for image in found.images:
        if not project.installs(found, image):
            continue
        demands = dockerfiles.demands(image.build)
        named |= dict.fromkeys(demands.requirements)
        for folder in demands.folders:
            _depend(found, image, folder)
        for meaning, url in demands.indexes:
            if meaning == "index":
                found.options.index = found.options.index or url
            elif url not in (several := found.options.extra if meaning == "extra-index" else found.options.links):
                several.append(url)
    return list(named)


def _depend(found: Project, image: Image, folder: str) -> None:
    """Makes a dependency of a local project that an image installs beside this one; not of the project itself."""
    root, seen = context.root(image.build), image.build.context
    if root is None or seen is None or found.kind in _OLD:
        return
    place = os.path.relpath(os.path.abspath(seen.place(root, folder)), found.root).replace(os.sep, "/")
    name = lines.name_of(os.path.join(found.root, place))
    known = found.groups.setdefault(MAIN, project.Group(MAIN)).lines
    if name and place != "." and not place.startswith("..") and all(one.name != normalised(name) for one in known):
        known.append(lines.Line(name, normalised(name), local=lines.Local(place, editable=False)))


def _rewrite(found: Project, written: Written, texts: dict[str, str], moved: Moved) -> None:
    """Rewrites each Dockerfile. Raises: Declined for one that can't be moved with its project."""
    root = found.root
    data = {os.path.join(root, name): text for name, text in texts.items()}
    for image in found.images:
        build = _with(image, data)
        made = dockerfiles.rewrite(build, written.locked)
        shown = os.path.relpath(image.path, root)
        if made.text == build.dockerfile.source.text and project.installs(found, image):
            made.reasons.append(_first_install(found, image))
        if made.reasons:
            raise Declined(
                f"{shown}: {made.reasons[0]}\n  `--project-only` moves the project and leaves its Dockerfiles to you"
            )
        if made.text != build.dockerfile.source.text:
            texts[shown.replace(os.sep, "/")] = made.text
            moved.told.append((shown, "installs with `uv sync`"))
        elif any(one.tool in {"pip", "uv"} and not one.empty for one in plan.installs(build)):
            moved.notes.append(f"{shown} stays as it is: nothing in it is known to install the project")
        moved.notes += [f"{shown}: {one}" for one in made.notes]
        for one in made.files:
            place = os.path.relpath(os.path.abspath(one.path), root).replace(os.sep, "/")
            texts[place] = one.after
            data[os.path.abspath(one.path)] = one.after
            if not any(path == place for path, _ in moved.told):
                moved.told.append((place, "lets the new files into the build"))


def _first_install(found: Project, image: Image) -> str:
    """The command line that installs a project that no `uv sync` takes the place of."""
    source = image.build.dockerfile.source
    for install in plan.installs(image.build):
        if install.tool in {"pip", "uv", found.kind} and not plan.upgrades_pip(install):
            span = install.call.span
            line, _ = source.position(span.start)
            return f"line {line}: `{' '.join(source.text[span.start : span.end].split())}` can't be moved to `uv sync`"
    return "it installs the project in a way that can't be moved to `uv sync`"


def _with(image: Image, data: dict[str, str]) -> Build:
    """A Dockerfile read with the new files in its build context."""
    seen = context.find(image.path)
    held = seen.holding(data) if seen is not None else None
    return engine.read(image.build.dockerfile.source, image.build.settings, held)


def _settle(found: Project, written: Written, texts: dict[str, str], moved: Moved) -> None:
    """Turns texts into changes, and drops the files that nothing reads any more."""
    root, locked = found.root, written.locked
    going = {*found.sources, *found.constraint_files, *(one for one in _OLD.get(found.kind, ()) if _there(root, one))}
    going |= {name for name, left in _left(found).items() if left is None}
    stays = mentions.staying(root, project.repository(root), going, texts)
    for name, text in texts.items():
        moved.changes.append(
            Change(os.path.join(root, name), _data(os.path.join(root, name)), text.encode("utf-8", "surrogateescape"))
        )
    for name in sorted(going - set(stays)):
        moved.changes.append(Change(os.path.join(root, name), _data(os.path.join(root, name)), None))
        moved.told.append((name, "is gone; nothing else reads it"))
    moved.told[:0] = [
        ("pyproject.toml", _described(found, locked)),
        (
            "uv.lock",
            f"{written.packages} packages" + (f", {written.kept} in the version of before" if written.kept else ""),
        ),
    ]
    for name, kept in _left(found).items():
        if kept is not None:
            moved.told.append((name, "keeps what pyproject.toml can't say"))
    for name, where in sorted(stays.items()):
        moved.told.append((name, f"stays: {_listed(where)} {'names' if len(where) == 1 else 'name'} it"))
    if any(name.endswith(".txt") and found.sources.get(name) == MAIN for name in stays):
        moved.notes.append(
            "what stays is no longer what is installed; `uv export --no-dev -o requirements.txt` writes it anew"
        )
    if found.kind in _OLD:
        callers = mentions.callers(root, project.repository(root), (found.kind,), texts, going - set(stays))
        if callers:
            moved.notes.append(f"{_listed(callers)} still {'runs' if len(callers) == 1 else 'run'} {found.kind}")
    for index in locked.indexes:
        moved.notes.append(
            f"the index {index.name} asks for credentials: uv reads them from {' and '.join(index.secrets)}"
        )


def _there(root: str, name: str) -> bool:
    return os.path.isfile(os.path.join(root, name))


def _data(place: str) -> bytes | None:
    return filesystem.read(place) if os.path.lexists(place) else None


def _described(found: Project, locked: Locked) -> str:
    groups = locked.groups
    several = [name for name, group in found.sources.items() if group == MAIN or group in groups]
    source = ", ".join(several) or {"poetry": "Poetry", "pipenv": "Pipfile"}.get(found.kind, "")
    if found.declared is not None:
        source = ", ".join([*found.declared.left, *([source] if source else [])])
    said = (
        f"from {source}" if source else ("as it was" if locked.pyproject == found.pyproject else "with what uv needs")
    )
    return said + (f"; {'groups' if len(groups) > 1 else 'group'} {', '.join(groups)}" if groups else "")


def _listed(where: list[mentions.Mention]) -> str:
    shown = [str(one) for one in where[:3]]
    return ", ".join(shown) + (f" and {len(where) - 3} more" if len(where) > 3 else "")
