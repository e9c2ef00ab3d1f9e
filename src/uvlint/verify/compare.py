"""What differs between two images, and whether that counts."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.verify import commands, outcome, secrets, tree
from uvlint.verify.outcome import FieldChange, FileChange, PackageChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from uvlint.verify.outcome import Config, Environment, Image
    from uvlint.verify.tree import Entry, Tree

INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv"})
"""What installs and builds packages: pip's environments bring some along, uv's don't."""

_OF_INSTALLERS = ("PIP_", "UV_", "POETRY_", "PIPENV_", "PYTHONDONTWRITEBYTECODE")
_OF_NO_PACKAGE = regex(
    r"(?:python|pypy|pip|easy_install|wheel|uvx?|activate|deactivate|2to3|idle|pydoc)[\d.t-]*(?:\..*)?"
)
"""Programs of Pythons and installers."""
_OF_THE_SYSTEM = regex(r"/(?:etc|usr(?!/(?:local/)?src/)|bin|sbin|lib\w*|var(?!/(?:www|task)/))/")
_LOCKS = frozenset({"Pipfile", "Pipfile.lock", "pdm.lock", "poetry.lock", "uv.lock"})
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


def drifted(found: Iterable[PackageChange], old: Image, new: Image) -> list[PackageChange]:
    """The differences, judged again: `old` and `new` are the images without what earlier builds left.

    What those don't differ in is no difference between the files: nothing pins it, and time has passed.
    """
    real = packages(versions(old.environments), versions(new.environments))
    known = {(place, one.name) for one in real for place in (one.environment, one.to)}
    return [
        *real,
        *(
            PackageChange(one.environment, one.name, outcome.DRIFTED, one.before, one.after)
            for one in found
            if one.kind in outcome.COUNTING and (one.environment, one.name) not in known
        ),
    ]


class Seen(NamedTuple):
    """An image and its files."""

    image: Image
    files: Tree

    def imports(self) -> set[str]:
        """The environments whose packages are found."""
        return commands.prefixes(self.image.config, self.files)


def placed(found: Iterable[PackageChange], before: Seen, after: Seen) -> list[PackageChange]:
    """The differences, those told apart that are none for what the image runs.

    What the system's package manager keeps for its own Python comes and goes with the base image.
    """
    used = before.imports(), after.imports()
    apart = all(used) and not any("/usr" in one for one in used)
    return [
        replace(one, kind=outcome.SYSTEM)
        if apart and one.environment == "/usr" and one.kind in outcome.COUNTING
        else one
        for one in found
    ]


def unreachable(found: Iterable[PackageChange], before: Seen, after: Seen) -> list[PackageChange]:
    """The packages that moved to where nothing looks for them."""
    moved = [one for one in found if one.kind == outcome.MOVED]
    return [one for one in moved if not _reachable(one, before, after)] if moved else []


def _reachable(one: PackageChange, before: Seen, after: Seen) -> bool:
    """Whether a package that moved is found where it was found before: by the Python, or else by `PATH`."""
    config = after.image.config
    named = [*config.entrypoint, *config.command, *config.env.get("PYTHONPATH", "").split(":")]
    imports = after.imports()
    if one.to in imports or _is_below(named, one.to):
        return True
    if imports and one.environment in before.imports():
        return False
    return _is_below(config.env.get("PATH", "").split(":"), one.to)


def _is_below(places: Iterable[str], prefix: str) -> bool:
    return any(place == prefix or place.startswith(f"{prefix.rstrip('/')}/") for place in places)


def programs(before: Seen, after: Seen) -> list[str]:
    """The names of the programs of packages that a shell found before, and doesn't any more."""
    config = after.image.config
    path = commands.search(config)
    return [name for name in sorted(_programs(before)) if not commands.find(after.files, name, path, config.workdir)]


def _programs(seen: Seen) -> set[str]:
    files_, path = seen.files, commands.search(seen.image.config)
    folders = {folder.rstrip("/") for folder in path.split(":")}
    return {
        posixpath.basename(place)
        for place, entry in files_.entries.items()
        if posixpath.dirname(place) in folders
        and entry.kind == "f"
        and entry.mode & 0o111
        and files_.is_installed(place)
        and not _OF_NO_PACKAGE.fullmatch(posixpath.basename(place))
        and commands.find(files_, place, path, "")
    }


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


def files(
    before: Tree, after: Tree, image: Image, programs: Collection[str] = (), lists: Collection[str] = ()
) -> list[FileChange]:
    """Files and empty folders lost or gained outside environments and caches, and owners and modes that differ.

    What is lost, or changes hands, where the application of the `image` before is counts; the `programs` that it ran, too. The
    loss of `lists` that an install read, and of lock files, doesn't: they were for the build.
    """
    old, new = dict(tree.listed(before)), dict(tree.listed(after))
    full = before.parents(), after.parents()
    config_ = image.config
    workdir = posixpath.normpath(config_.workdir or "/")
    run = {posixpath.join(workdir, word) for word in (*config_.entrypoint, *config_.command)} | set(programs)
    homes = tuple(_homes(before, config_, workdir))
    found = []
    for path in sorted({*old, *new} - _NOT_LISTED):
        was, now = old.get(path), new.get(path)
        broken = was is not None and was.kind == "l" and _leads(before, path) and not _leads(after, path)
        if was is not None and now is not None and not broken and (was.kind == "l" or was.access == now.access):
            continue
        if (was is None and path in before.entries) or (now is None and path in after.entries):
            continue  # a package's on the other side
        if (now is None and path in full[0]) or (was is None and path in full[1]):
            continue  # a folder: what was in it tells
        now = None if broken else now
        listed = now is None and (path in lists or posixpath.basename(path) in _LOCKS)
        counts = was is not None and (path in run or (f"{path}/".startswith(homes) and not listed))
        found.append(FileChange(path, was.access if was else None, now.access if now else None, counts))
    return found


def _leads(files_: Tree, path: str) -> bool:
    """Whether a link leads to something in the image."""
    return files_.resolve(path) in files_.entries


def _homes(files_: Tree, config_: Config, workdir: str) -> Iterator[str]:
    """The folders of the application, with a final slash: where it works, where modules are, where what is run is."""
    if workdir != "/":
        yield f"{workdir}/"
    words = commands.command(config_).words
    places = [posixpath.normpath(posixpath.join(workdir, word)) for word in words[:4] if "/" in word or "." in word]
    modules = [place.rstrip("/") for place in config_.env.get("PYTHONPATH", "").split(":")]
    scripts = [posixpath.dirname(one) for one in places if one in files_.heads or one.endswith(".py")]
    for one in (*modules, *scripts):
        if one.startswith("/") and one != "/" and not _OF_THE_SYSTEM.match(f"{one}/"):
            yield f"{one}/"


def shut(before: Seen, after: Seen) -> list[str]:
    """The installed files that the image's user could read, and the programs it could run, and can't any more."""
    known = {_within(path) for path in _shut(before)}
    return [path for path in _shut(after) if _within(path) not in known]


def _within(path: str) -> str:
    """A path as its environment has it."""
    return tree.inner(path) or path


def _shut(seen: Seen) -> list[str]:
    """The installed files that the image's user can't read, and the programs that it can't run."""
    files_ = seen.files
    user, _, group = seen.image.config.user.partition(":")
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

    def is_shut(path: str, entry: Entry) -> bool:
        if entry.kind == "l":  # as an environment's Python is
            return f"{path}/".startswith(closed) or files_.resolve(path).startswith(closed)
        wanted = 5 if entry.kind == "d" or entry.mode & 0o111 else 4
        return entry.kind in {"f", "d"} and (path.startswith(closed) or lacks(entry, wanted))

    return [
        path
        for path, entry in files_.entries.items()
        if files_.is_installed(path) and not files_.is_cache(path) and is_shut(path, entry)
    ]
