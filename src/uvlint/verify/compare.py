"""What differs between two images, and whether that counts."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from uvlint.verify import outcome, secrets, tree
from uvlint.verify.outcome import FieldChange, FileChange, PackageChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from uvlint.verify.outcome import Config, Environment, Image
    from uvlint.verify.tree import Entry, Tree

INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv"})
"""What installs and builds packages: pip's environments bring some along, uv's don't."""

_OF_INSTALLERS = ("PIP_", "UV_", "POETRY_", "PIPENV_", "PYTHONDONTWRITEBYTECODE")
_NOT_LISTED = frozenset({"/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/mtab"})

Versions = dict[str, dict[str, str]]
"""For each environment (its prefix in the image, as `/usr/local` or `/opt/venv`), the versions by normalised name."""


def versions(environments: Iterable[Environment]) -> Versions:
    return {one.prefix: dict(one.packages) for one in environments}


# Packages ---------------------------------------------------------------------------------------------------------------


def packages(old: Versions, new: Versions) -> list[PackageChange]:
    """The differences of what is installed, environment by environment; what went to another one is told apart."""
    found = [
        PackageChange(
            prefix,
            name,
            outcome.INSTALLER if name in INSTALLERS else _kind(was, now),
            was,
            now,
        )
        for prefix in sorted({*old, *new})
        for name in sorted({*old.get(prefix, {}), *new.get(prefix, {})})
        if (was := old.get(prefix, {}).get(name)) != (now := new.get(prefix, {}).get(name))
    ]
    return list(_moved(found))


def _kind(before: str | None, after: str | None) -> str:
    return outcome.NEW if before is None else outcome.LOST if after is None else outcome.CHANGED


def _moved(found: Sequence[PackageChange]) -> Iterator[PackageChange]:
    """A loss and a gain of the same version are one move."""
    gains = {(one.name, one.after): one for one in found if one.kind == outcome.NEW}
    moved = {
        id(one): gain
        for one in found
        if one.kind == outcome.LOST and (gain := gains.pop((one.name, one.before), None)) is not None
    }
    taken = set(map(id, moved.values()))
    for one in found:
        if id(one) in moved:
            to = moved[id(one)].environment
            yield PackageChange(one.environment, one.name, outcome.MOVED, one.before, one.before, to)
        elif id(one) not in taken:
            yield one


def drifted(found: Iterable[PackageChange], fresh: Image) -> list[PackageChange]:
    """The differences, judged again: `fresh` is the image of the file as it was, built without earlier layers.

    What that one has, too, is no difference between the files: nothing pins it, and time has passed.
    """
    known = versions(fresh.environments)
    return [
        PackageChange(one.environment, one.name, outcome.DRIFTED, one.before, one.after)
        if one.kind in {outcome.LOST, outcome.NEW, outcome.CHANGED}
        and known.get(one.environment, {}).get(one.name) == one.after
        else one
        for one in found
    ]


def reachable(prefix: str, image: Image) -> bool:
    """Whether the programs and modules of an environment are found by what the image runs."""
    config = image.config
    path = [*config.env.get("PATH", "").split(":"), *config.env.get("PYTHONPATH", "").split(":")]
    words = [*config.entrypoint, *config.command]
    return any(word.startswith(f"{prefix.rstrip('/')}/") or word == prefix for word in (*path, *words))


# Configuration ----------------------------------------------------------------------------------------------------------

_PLAIN = ("entrypoint", "command", "user", "workdir", "ports", "volumes", "healthcheck", "stop_signal", "shell")


def config(before: Config, after: Config) -> list[FieldChange]:
    """The differences of what the image is told to run."""
    found = [
        FieldChange(name.replace("_", " "), _shown(was), _shown(now), counts=True)
        for name in (*_PLAIN, "onbuild", "platform")
        if _meant(name, was := getattr(before, name)) != _meant(name, now := getattr(after, name))
    ]
    for kind, old, new in (("env", before.env, after.env), ("label", before.labels, after.labels)):
        for name in sorted({*old, *new}):
            first, then = old.get(name), new.get(name)
            if first != then:
                counts = kind == "label" or _counts(name, first, then)
                found.append(FieldChange(f"{kind} {name}", secrets.kept(name, first), secrets.kept(name, then), counts))
    return found


def _meant(name: str, value: object) -> object:
    """A value by its meaning: nothing said is root, and the root folder."""
    if name == "user":
        return "root" if value in {"", "0", "0:0", "root:root", "root:0"} else value
    return (value or "/") if name == "workdir" else value


def _shown(value: object) -> str:
    from json import dumps  # noqa: PLC0415

    return dumps(value) if isinstance(value, tuple) else str(value)


def _counts(name: str, before: str | None, after: str | None) -> bool:
    """Whether a variable's change can be felt: not the installers' own, nor one added, nor folders added to PATH."""
    if before is None or name.startswith(_OF_INSTALLERS):
        return False
    if name == "PATH" and after is not None:
        left = iter(after.split(":"))
        return not all(folder in left for folder in before.split(":"))
    return True


# Files ------------------------------------------------------------------------------------------------------------------


def files(before: Tree, after: Tree, image: Image, program: str | None = None) -> list[FileChange]:
    """Files and empty folders lost or gained outside environments and caches, and owners and modes that differ.

    What is lost, or changes hands, where the application is (below the working directory) counts; the `program` that the
    image ran before, too.
    """
    old, new = dict(tree.listed(before)), dict(tree.listed(after))
    full = before.parents(), after.parents()
    found = []
    for path in sorted({*old, *new} - _NOT_LISTED):
        was, now = old.get(path), new.get(path)
        if was is not None and now is not None and (was.kind == "l" or was.access == now.access):
            continue
        if (was is None and path in before.entries) or (now is None and path in after.entries):
            continue  # a package's on the other side
        if (now is None and path in full[0]) or (was is None and path in full[1]):
            continue  # a folder: what was in it tells
        counts = was is not None and (path == program or _is_application(path, image))
        found.append(FileChange(path, was.access if was else None, now.access if now else None, counts))
    return found


def _is_application(path: str, image: Image) -> bool:
    config_ = image.config
    workdir = posixpath.normpath(config_.workdir or "/")
    named = {posixpath.join(workdir, word) for word in (*config_.entrypoint, *config_.command)}
    return path in named or (workdir != "/" and f"{path}/".startswith(f"{workdir}/"))


def shut(files_: Tree, image: Image) -> list[str]:
    """The installed files that the image's user can't read, and the programs that it can't run."""
    user, _, group = image.config.user.partition(":")
    if user in {"", "0", "root"}:
        return []
    known = [line.split(":") for line in files_.passwd.splitlines()]
    row = next((one for one in known if len(one) > 3 and user in (one[0], one[2])), None)
    uid = row[2] if row else user
    gid = group or (row[3] if row else "0")
    if uid == "0" or not uid.isdecimal():
        return []

    def lacks(entry: Entry, wanted: int) -> bool:
        shift = 6 if str(entry.uid) == uid else 3 if str(entry.gid) == gid else 0
        return (entry.mode >> shift) & wanted != wanted

    closed = tuple(f"{path}/" for path, entry in files_.entries.items() if entry.kind == "d" and lacks(entry, 1))
    return [
        path
        for path, entry in files_.entries.items()
        if entry.kind in {"f", "d"}
        and files_.is_installed(path)
        and not files_.is_cache(path)
        and (path.startswith(closed) or lacks(entry, 5 if entry.kind == "d" or entry.mode & 0o111 else 4))
    ]


def unreachable(found: Iterable[PackageChange], after: Image) -> list[PackageChange]:
    """The packages that moved to where nothing looks for them."""
    return [one for one in found if one.kind == outcome.MOVED and not reachable(one.to, after)]
