"""The files of an image, and the distributions among them: read from an archive, so that the image needs no shell."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex
from uvlint.tools.requirements import normalised
from uvlint.verify.outcome import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from tarfile import TarFile, TarInfo

_SITE = regex(r"(?P<prefix>.*?)/lib(?:64)?/(?:python|pypy)\d?(?:\.\d+t?)?/(?:site|dist)-packages/(?P<rest>.+)")
_DIST = regex(r"(?P<folder>.*)/[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info|egg/EGG-INFO/PKG-INFO|egg)")
_EGG = regex(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-py.*)?\.egg")
_LINK = regex(r"(?P<folder>.*)/(?P<name>[^/]+)\.egg-link")
"""What `setup.py develop` leaves in an environment, and `pip install -e` where it runs that: the place of the project."""
_CONDA = regex(r"(?P<prefix>.*)/conda-meta/(?P<name>.+)-(?P<version>[^-]+)-[^-]+\.json")
_COMPILED = regex(r"(?:__pycache__/)?(?P<name>[^/.]+)(?:/.*|\.[^/]*)?\.pyc")
_BUILT = regex(
    r"(?P<project>.*)/(?:build/(?:lib|temp|bdist)(?:\.[^/]+)?|dist/[^/]+\.egg|(?P<info>[^/]+\.egg-info))(?:/.*)?"
)
"""What setuptools leaves in a project's folder when it builds it."""
_CACHE = regex(r"\A/(?:tmp|var/(?:tmp|cache|log|lib/apt/lists)|proc|sys|dev|run)(?:/|\Z)|/\.cache(?:/|\Z)")

_PROJECT = ("setup.py", "setup.cfg", "pyproject.toml")
_HEAD = 256
"""So many bytes of a program are kept: its first line says what runs it."""
_PROGRAM = 200_000
"""Bytes; a larger program is no script."""


class Entry(NamedTuple):
    """A file, folder or link. `kind` is one of `f d l -`, `target` where a link leads."""

    kind: str
    size: int
    mode: int
    uid: int
    gid: int
    target: str = ""

    @property
    def access(self) -> str:
        return f"{self.uid}:{self.gid} {self.mode:o}"


@dataclass(slots=True, eq=False)
class Tree:
    """What is in an image. Paths are absolute; `heads` are the first bytes of programs, `owned` what packages brought.

    `shared`: the prefix of the Python below, for each venv that lets its packages be imported.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    environments: tuple[Environment, ...] = ()
    heads: dict[str, bytes] = field(default_factory=dict)
    owned: set[str] = field(default_factory=set)
    passwd: str = ""
    caches: set[str] = field(default_factory=set)
    venvs: set[str] = field(default_factory=set)
    shared: dict[str, str] = field(default_factory=dict)

    def resolve(self, path: str) -> str:
        """A path with the links on it followed."""
        for _ in range(40):
            parts = path.split("/")
            for count in range(2, len(parts) + 1):
                place = "/".join(parts[:count])
                entry = self.entries.get(place)
                if entry is not None and entry.kind == "l":
                    target = posixpath.join(posixpath.dirname(place), entry.target)
                    path = posixpath.normpath("/".join([target, *parts[count:]]))
                    break
            else:
                return path
        return path

    def find(self, program: str, path: str, workdir: str) -> str | None:
        """Where a program is, as a shell would find it; None where it isn't in the image."""
        if "/" in program:
            places = [posixpath.normpath(posixpath.join(workdir or "/", program))]
        else:
            places = [posixpath.join(folder, program) for folder in path.split(":") if folder]
        for place in places:
            entry = self.entries.get(self.resolve(place))
            if entry is not None and entry.kind == "f" and entry.mode & 0o111:
                return place
        return None

    def parents(self) -> set[str]:
        """The folders that hold something."""
        return {posixpath.dirname(path) for path in self.entries}

    def is_cache(self, path: str) -> bool:
        """Whether a path is in a folder for what may be thrown away. Poetry keeps its environments in such a folder."""
        if any(path.startswith(f"{folder}/") for folder in self.caches):
            return True
        return _CACHE.search(path) is not None and not self._in_venv(path)

    def _in_venv(self, path: str) -> bool:
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in self.venvs)

    def is_installed(self, path: str) -> bool:
        """Whether a path belongs to an environment rather than to the application or the system."""
        return path in self.owned or self._in_venv(path) or _SITE.fullmatch(path) is not None


def read(stream: IO[bytes]) -> Tree:
    """A file system from a tar stream."""
    import tarfile  # noqa: PLC0415

    reader = _Reader()
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            reader.take(archive, member)
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self.tree = Tree()
        self.named: dict[str, tuple[str, str]] = {}
        self.records: dict[str, list[str]] = {}
        self.compiled: dict[str, set[str]] = {}
        self.conda: dict[str, dict[str, str]] = {}
        self.links: dict[str, str] = {}

    def take(self, archive: TarFile, member: TarInfo) -> None:
        path = posixpath.normpath(f"/{member.name}")
        if path == "/":
            return
        kind = "f" if member.isreg() or member.islnk() else "d" if member.isdir() else "l" if member.issym() else "-"
        size, target = member.size, member.linkname if kind == "l" else ""
        first = posixpath.normpath(f"/{member.linkname}") if member.islnk() else ""
        if first:
            size = self.tree.entries[first].size if first in self.tree.entries else 0
        self.tree.entries[path] = Entry(kind, size, member.mode, member.uid, member.gid, target)
        if kind == "f":
            self._content(archive, member, path, first)

    def _content(self, archive: TarFile, member: TarInfo, path: str, first: str) -> None:
        name = posixpath.basename(path)
        if path.endswith(".pyc"):
            self._bytecode(path)
        elif name == "pyvenv.cfg":
            self._venv(posixpath.dirname(path), _data(archive, member).decode("utf-8", "replace"))
        elif name == "CACHEDIR.TAG":
            self.tree.caches.add(posixpath.dirname(path))
        elif "/conda-meta/" in path and (found := _CONDA.fullmatch(path)):
            self.conda.setdefault(found["prefix"], {})[normalised(found["name"])] = found["version"]
        elif _DIST.fullmatch(path):
            egg = _EGG.fullmatch(name)  # with all that is in it in one file
            known = (normalised(egg["name"]), egg["version"]) if egg else self.named.get(first)
            self.named[path] = known or _name_and_version(_data(archive, member))
        elif path.endswith(".dist-info/RECORD"):
            record = self.records.get(first)
            self.records[path] = _record(_data(archive, member)) if record is None else record
        elif _LINK.fullmatch(path) and _SITE.fullmatch(path):
            self.links[path] = _data(archive, member).decode("utf-8", "replace").partition("\n")[0].strip()
        elif path == "/etc/passwd":
            self.tree.passwd = _data(archive, member).decode("utf-8", "replace")
        elif first in self.tree.heads:
            self.tree.heads[path] = self.tree.heads[first]
        elif member.mode & 0o111 and 0 < member.size < _PROGRAM and not first:
            self.tree.heads[path] = _data(archive, member, _HEAD)

    def _venv(self, prefix: str, text: str) -> None:
        self.tree.venvs.add(prefix)
        said = {
            key.strip().lower(): value.strip() for key, _, value in (line.partition("=") for line in text.splitlines())
        }
        if said.get("include-system-site-packages", "").lower() == "true" and "home" in said:
            self.tree.shared[prefix] = posixpath.dirname(posixpath.normpath(said["home"]))

    def _bytecode(self, path: str) -> None:
        found = _SITE.fullmatch(path)
        inner = _COMPILED.fullmatch(found["rest"]) if found else None
        if found and inner:
            self.compiled.setdefault(found["prefix"], set()).add(inner["name"])

    def finish(self) -> Tree:
        tree = self.tree
        tree.caches -= tree.venvs  # `uv venv` marks its environments as caches are
        tree.caches |= {f"{prefix}/pkgs" for prefix in self.conda}
        every: dict[str, dict[str, set[str]]] = {}
        folders: set[str] = set()
        for path, (name, version) in self.named.items():
            where = self._where(path)
            if where is not None and name:
                folder, is_folder = where
                every.setdefault(folder, {}).setdefault(name, set()).add(version)
                if is_folder:
                    folders.add(folder)
        for prefix, name, version in self._linked():
            every.setdefault(prefix, {}).setdefault(name, set()).add(version)
        # Several at once are what an installer left of another's package, or those of several Pythons.
        packages = {
            where: {name: ", ".join(sorted(one)) for name, one in held.items()} for where, held in every.items()
        }
        for path, lines in self.records.items():
            base = posixpath.dirname(posixpath.dirname(path))
            if not tree.is_cache(path):
                tree.owned.update(posixpath.normpath(posixpath.join(base, line)) for line in lines)
        for prefix, found in self.conda.items():
            packages[prefix] = {**found, **packages.get(prefix, {})}
        tree.environments = tuple(
            Environment(prefix, self._kind(prefix, folders), versions, tuple(sorted(self.compiled.get(prefix, ()))))
            for prefix, versions in sorted(packages.items())
        )
        return tree

    def _linked(self) -> Iterator[tuple[str, str, str]]:
        """The distributions that an environment only holds a link to: its prefix, their names and versions."""
        for path, place in self.links.items():
            site, link = _SITE.fullmatch(path), _LINK.fullmatch(path)
            if site is None or link is None or self.tree.is_cache(path):
                continue
            wanted = normalised(link["name"])
            beside = (self.named[at] for at in self.named if posixpath.dirname(posixpath.dirname(at)) == place)
            yield site["prefix"] or "/", wanted, dict(beside).get(wanted, "")

    def _where(self, path: str) -> tuple[str, bool] | None:
        """The environment that a distribution is in, and whether that is a mere folder; None for none."""
        if self.tree.is_cache(path):
            return None
        found = _SITE.fullmatch(path)
        inner = _DIST.fullmatch(f"/{found['rest']}" if found else path)
        if found is not None:
            return (found["prefix"] or "/", False) if inner and inner["folder"] == "" else None
        # `pip install --target`, and not what a build left lying about.
        beside = posixpath.join(posixpath.dirname(path), "RECORD")
        if inner is not None and path.endswith(".dist-info/METADATA") and beside in self.records:
            return inner["folder"] or "/", True
        return None

    def _kind(self, prefix: str, folders: set[str]) -> str:
        if prefix in self.tree.venvs:
            return "venv"
        if prefix in self.conda:
            return "conda"
        return "folder" if prefix in folders else "system"


def _is_built(tree: Tree, path: str) -> bool:
    found = _BUILT.fullmatch(path)
    if found is None:
        return False
    names = [f"{found['info']}/PKG-INFO"] if found["info"] else _PROJECT
    return any(f"{found['project']}/{name}" in tree.entries for name in names)


def _data(archive: TarFile, member: TarInfo, size: int = -1) -> bytes:
    file = archive.extractfile(member) if member.isreg() else None
    return file.read(size) if file is not None else b""


def _name_and_version(data: bytes) -> tuple[str, str]:
    from email.parser import BytesHeaderParser  # noqa: PLC0415

    headers = BytesHeaderParser().parsebytes(data)
    # What is not ASCII comes as an object of the email package.
    return normalised(str(headers["Name"] or "")).strip(), str(headers["Version"] or "").strip()


def _record(data: bytes) -> list[str]:
    import csv  # noqa: PLC0415

    return [row[0] for row in csv.reader(data.decode("utf-8", "replace").splitlines()) if row]


def inner(path: str) -> str:
    """The path below an environment's folder of packages; "" for what is not in one."""
    found = _SITE.fullmatch(path)
    return found["rest"] if found else ""


def listed(tree: Tree) -> Iterator[tuple[str, Entry]]:
    """What is neither in an environment nor in a cache, nor bytecode, nor left by the build of a package."""
    for path, entry in tree.entries.items():
        if (
            "__pycache__" not in path
            and not path.endswith(".pyc")
            and not tree.is_cache(path)
            and not tree.is_installed(path)
            and not _is_built(tree, path)
        ):
            yield path, entry
