"""The build context: the files that a Dockerfile's COPY can reach, read when asked for, and where they end up."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, NamedTuple

from uvlint import filesystem
from uvlint.dockerignore import Ignore, glob
from uvlint.lazy import regex
from uvlint.model import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from uvlint.model import Build, Step

_LIMIT = 2_000_000
"""Bytes; a larger file is no requirements file."""

_GLOB = regex(r"[*?\[]")
_REMOTE = regex(r"\w+://|git@")
_ARCHIVE = regex(r"\.(?:tar|tgz|tar\.\w+|tbz2?|txz|tzst)\Z")
_VARIABLE = regex(r"(?<!\\)\$\{?(\w+)")
_FILE_LIKE = regex(r"[^./][^/]*\.\w+\Z|\.\w+\Z|(?:Pip|Make|Docker|Proc|Gem)file\Z|(?:LICENSE|README|VERSION|NOTICE)\Z")


class Context:
    """Files below one of several folders: the Dockerfile's own first, then those above it.

    Which of them is the build context is told by what the Dockerfile copies (`root`). Paths are relative to it.
    """

    __slots__ = ("_disk", "_folders", "_ignores", "_known", "dockerfile", "writable")

    def __init__(
        self, disk: Disk, folders: list[str] | Callable[[], list[str]], dockerfile: str, *, writable: bool = True
    ) -> None:
        self.dockerfile = dockerfile
        self.writable = writable
        self._disk = disk
        self._folders: list[str] | Callable[[], list[str]] = folders
        self._known: dict[tuple[str, str], bytes | None] = {}
        self._ignores: dict[str, Ignore | None] = {}

    @classmethod
    def of(cls, files: Mapping[str, str | bytes], dockerfile: str = "Dockerfile") -> Context:
        """A context made of texts by path, for a Dockerfile at one of its paths."""
        data = {
            posixpath.normpath(path): text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
            for path, text in files.items()
        }
        known = {"."}
        for path in data:
            parts = path.split("/")
            known.update("/".join(parts[:count]) for count in range(1, len(parts)))
        disk = Disk(data.get, lambda path: path in known, lambda path: path in data, lambda _folder, _path: True)
        return cls(disk, lambda: _above(posixpath.dirname(posixpath.normpath(dockerfile))), dockerfile)

    def holding(self, files: Mapping[str, str]) -> Context:
        """This context with other texts in some of its files, by the paths that the context has for them."""
        data = {path: text.encode("utf-8", "surrogateescape") for path, text in files.items()}
        disk = self._disk
        over = disk._replace(
            read=lambda path: data[path] if path in data else disk.read(path),
            is_file=lambda path: path in data or disk.is_file(path),
        )
        return Context(over, self._folders, self.dockerfile, writable=self.writable)

    @property
    def folders(self) -> list[str]:
        """The folders that may be the build context, the Dockerfile's own first."""
        if callable(self._folders):
            self._folders = self._folders()
        return self._folders

    def exists(self, root: str, path: str) -> bool:
        place = _join(root, path)
        return place is not None and (self._disk.is_file(place) or self._disk.is_folder(place))

    def is_folder(self, root: str, path: str) -> bool:
        place = _join(root, path)
        return place is not None and self._disk.is_folder(place)

    def read(self, root: str, path: str) -> bytes | None:
        """A file of the context; None where it is not there, not readable, outside, or left out by `.dockerignore`."""
        place = _join(root, path)
        if place is None:
            return None
        key = root, place
        if key not in self._known:
            seen = not self.hides(root, path) and self._disk.within(root, place)
            self._known[key] = self._disk.read(place) if seen else None
        return self._known[key]

    def place(self, root: str, path: str) -> str:
        """The path that the context has for a file, be it there or not."""
        return _join(root, path) or path

    def look(self, root: str, path: str) -> bytes | None:
        """A file beside those of the context: also one that Docker does not see."""
        return self.at(self.place(root, path))

    def at(self, place: str) -> bytes | None:
        """A file by the path that the context has for it."""
        return self._disk.read(place)

    def ignoring(self, root: str) -> str:
        """The path of the file that says what Docker does not see: `.dockerignore`, unless the Dockerfile has its own."""
        beside = posixpath.normpath(f"{self.dockerfile}.dockerignore")
        return beside if self._disk.read(beside) is not None else self.place(root, ".dockerignore")

    def hides(self, root: str, path: str) -> bool:
        """Whether `.dockerignore` leaves a path out."""
        if root not in self._ignores:
            beside = f"{self.dockerfile}.dockerignore"
            data = self._disk.read(posixpath.normpath(beside))
            data = self._disk.read(_join(root, ".dockerignore") or "") if data is None else data
            self._ignores[root] = None if data is None else Ignore(data.decode("utf-8", "replace"))
        ignore = self._ignores[root]
        return ignore is not None and ignore.hides(posixpath.normpath(path).lstrip("/"))


class Disk(NamedTuple):
    """How a context looks at its files. `within`: whether a place, links followed, is below a folder."""

    read: Callable[[str], bytes | None]
    is_folder: Callable[[str], bool]
    is_file: Callable[[str], bool]
    within: Callable[[str, str], bool]


def _join(folder: str, path: str) -> str | None:
    """A path of the context as the disk has it; None where it leaves the context."""
    place = posixpath.normpath(path.lstrip("/") or ".")
    if place == ".." or place.startswith("../"):
        return None
    if not folder:
        return place
    return folder if place == "." else posixpath.join(folder, place)


def _above(folder: str) -> list[str]:
    found = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found


# The disk --------------------------------------------------------------------------------------------------------------


def find(path: str, *, writable: bool = True) -> Context | None:
    """The files beside a Dockerfile and above it, up to the root of its repository; None for text without a place.

    `writable`: whether fixes may change them.
    """
    if not path or path == "-":
        return None
    place = os.path.abspath(path)
    folder = os.path.dirname(place)
    disk = Disk(_read, filesystem.is_folder, filesystem.is_file, _within)
    return Context(disk, lambda: _repository(folder), place, writable=writable)


def _repository(folder: str) -> list[str]:
    """A folder and those above it up to the one with `.git`; the folder alone where there is none."""
    folders = [folder]
    while not filesystem.exists(os.path.join(folders[-1], ".git")):
        above = os.path.dirname(folders[-1])
        if above == folders[-1]:
            return [folder]
        folders.append(above)
    return folders


def _read(path: str) -> bytes | None:
    try:
        return filesystem.read(path, _LIMIT) if filesystem.is_file(path) else None
    except OSError:
        return None


def _within(folder: str, path: str) -> bool:
    """A link that leads out of the context leads nowhere in the image."""
    root = filesystem.real(folder)
    return filesystem.real(path).startswith(root if root.endswith(os.sep) else root + os.sep)


# What the Dockerfile copies ---------------------------------------------------------------------------------------------


def copied(step: Step) -> list[str] | None:
    """The sources of a COPY or ADD from the build context; None for anything else. A source not known is left out."""
    instruction = step.instruction
    if instruction.keyword not in {"COPY", "ADD"} or instruction.flag("from") is not None:
        return None
    heredocs = {instruction.args.text[slice(*one.word)] for one in instruction.heredocs}
    words = instruction.words()[:-1]
    expanded = [_expanded(step, word.text) for word in words if word.text not in heredocs]
    return [word for word in expanded if word]


def _expanded(step: Step, word: str) -> str | None:
    """A word of COPY; None where it names a variable that this file doesn't set: the base image may."""
    if "$" in word and any(name not in step.state.variables for name in _VARIABLE.findall(word)):
        return None
    return step.expand(word)


def remote(source: str) -> bool:
    """Whether a source of ADD is a URL or a Git repository."""
    return _REMOTE.match(source) is not None


def looks_like_file(name: str) -> bool:
    """Whether a name is that of a file rather than of a folder, going by the name alone."""
    return _FILE_LIKE.search(name) is not None


def destination(step: Step) -> str | None:
    """Where a COPY or ADD puts things: an absolute path, with a final slash where it names a folder."""
    words = step.instruction.words()
    if len(words) < 2:
        return None
    target = _expanded(step, words[-1].text)
    if not target or (not target.startswith("/") and step.state.workdir is None):
        return None
    place = normal(target if target.startswith("/") else f"{step.state.workdir}/{target}")
    folder = posixpath.basename(target) in {"", ".", ".."} or _known_folder(step, place)
    return f"{place}/" if folder and place != "/" else place


def _known_folder(step: Step, place: str) -> bool:
    """Whether an earlier instruction has made a folder of a path, as WORKDIR does."""
    if place == "/":
        return True
    for earlier in (*step.stage.before(step), step):
        workdir = earlier.state.workdir
        if workdir is not None and f"{workdir}/".startswith(f"{place}/"):
            return True
        instruction = earlier.instruction
        if (
            earlier is not step
            and instruction.keyword in {"COPY", "ADD"}
            and instruction.args.text.rstrip().endswith("/")
        ):
            target = _expanded(earlier, instruction.words()[-1].text)
            if target is not None and target.startswith("/") and f"{normal(target)}/".startswith(f"{place}/"):
                return True
    return False


def root(build: Build) -> str | None:
    """The folder that is the build context; None where none holds all that the file copies.

    Where several do, it is the nearest that also holds what the installs read.
    """
    if build.context is None:
        return None
    if "root" not in build.facts:
        build.facts["root"] = _settled(build, build.context)
    return build.facts["root"]  # type: ignore[return-value]


def _settled(build: Build, context: Context) -> str | None:
    wanted = [
        word
        for step in build.steps
        for word in copied(step) or ()
        if not _GLOB.search(word) and "$" not in word and not remote(word)
    ]
    found = [folder for folder in context.folders if all(context.exists(folder, source) for source in wanted)]
    if len(found) > 1:
        read = list(_installed(build))
        return max(found, key=lambda folder: sum(origin(step, path, root=folder) is not None for step, path in read))
    return found[0] if found else None


def _installed(build: Build) -> Iterator[tuple[Step, str]]:
    """The requirement files that installs name, as paths of the image."""
    from uvlint import plan  # noqa: PLC0415 - a cycle otherwise

    for install in plan.installs(build):
        call = install.call
        for one in install.given or ():
            if one.meaning in {"requirement", "constraint"} and one.value and "://" not in one.value:
                place = one.value if one.value.startswith("/") else f"{call.workdir}/{one.value}"
                if call.workdir is not None or one.value.startswith("/"):
                    yield call.step, normal(place)


# Where a file of the image comes from -----------------------------------------------------------------------------------


class Origin(NamedTuple):
    """Where a file of the image comes from: a path of the context, or (None) `data` written in the Dockerfile itself.

    `step` is the COPY that puts it there, or the RUN that mounts it.
    """

    path: str | None
    step: Step
    data: bytes | None = None


def origin(step: Step, path: str, *, without: Collection[Step] = (), root: str | None = None) -> Origin | None:
    """What stands at an absolute path of the image before a step, leaving some COPYs out.

    None where no COPY is seen to put it there, or where that can't be told. `root`: the context, where it isn't settled.
    """
    mounted = _mounted(step, path)
    if mounted is not None:
        return Origin(mounted, step)
    for earlier in reversed([one for one in step.stage.before(step) if one not in without]):
        if earlier.instruction.keyword not in {"COPY", "ADD"}:
            continue
        found = brought(earlier, path, root=root)
        if found is not None:
            return found if found.path is not None or found.data is not None else None
    return None


def brought(step: Step, path: str, *, root: str | None = None) -> Origin | None:
    """What a COPY or ADD puts at an absolute path; None for nothing, an Origin without path and data for the unknown."""
    target = destination(step)
    unknown = Origin(None, step)
    if target is None:
        return unknown
    folder = target.rstrip("/")
    if path != folder and not path.startswith(f"{folder}/"):
        return None
    instruction = step.instruction
    sources = copied(step)
    for heredoc in instruction.heredocs:
        place = f"{folder}/{heredoc.name}" if target.endswith("/") else target
        if path == place:
            text = heredoc.body.text
            return (
                unknown
                if heredoc.expand and "$" in text
                else Origin(None, step, text.encode("utf-8", "surrogateescape"))
            )
    if sources is None:
        return unknown if _from_elsewhere(step, target, path) else None
    if instruction.flag("parents") is not None:
        return _with_parents(step, sources, folder, path)
    words = len(instruction.words()) - 1
    for source in reversed(sources):
        found = _placed(step, source, target, path, several=words > 1, root=root)
        if found is not None:
            return unknown if found.path is None or _excluded(step, found.path) else found
    return unknown if len(sources) + len(instruction.heredocs) < words else None


def _from_elsewhere(step: Step, target: str, path: str) -> bool:
    """Whether a COPY from another stage or image may put something at a path."""
    folder = target.rstrip("/")
    names = [posixpath.basename(word.text.rstrip("/")) for word in step.instruction.words()[:-1]]
    if all(name in {"uv", "uvx"} for name in names):
        return False
    return not (target.endswith("/") and all(_FILE_LIKE.search(name) and path != f"{folder}/{name}" for name in names))


def _with_parents(step: Step, sources: list[str], folder: str, path: str) -> Origin | None:
    """`--parents`: each source keeps its path below the destination."""
    relative = path[len(folder) + 1 :]
    for source in sources:
        name = posixpath.normpath(source.rpartition("/./")[2]).lstrip("/")
        if "/./" in source or _GLOB.search(name):
            return Origin(None, step)
        if name in {".", relative} or relative.startswith(f"{name}/"):
            return Origin(None, step) if _excluded(step, relative) else Origin(relative, step)
    return None


def _excluded(step: Step, path: str) -> bool:
    """Whether a `--exclude` may leave a file out: they count from each source, so any tail of the path may match."""
    for flag in step.instruction.flags_named("exclude"):
        pattern = glob(posixpath.normpath((flag.value or "").lstrip("/")))
        parts = path.split("/")
        if pattern is None or any(
            pattern.fullmatch("/".join(parts[start:end]))
            for start in range(len(parts))
            for end in range(start + 1, len(parts) + 1)
        ):
            return True
    return False


def _placed(step: Step, source: str, target: str, path: str, *, several: bool, root: str | None) -> Origin | None:
    """What COPY puts at `path` from one source, when it is that source or below it."""
    build = step.stage.build
    folder = target.rstrip("/")
    if remote(source):
        whole = source.startswith("git@") or source.partition("#")[0].endswith(".git")
        place = f"{folder}/{posixpath.basename(source.partition('?')[0])}" if target.endswith("/") else target
        return Origin(None, step) if whole or path == place else None
    if step.instruction.keyword == "ADD" and _ARCHIVE.search(source):
        return Origin(None, step)
    name = posixpath.normpath(source.lstrip("/") or ".")
    settled = _root(build) if root is None else root
    if name == ".":
        return _below(step, "", folder, path, settled)
    if _GLOB.search(name):
        return _globbed(step, name, folder, path, settled)
    base = posixpath.basename(name)
    known = build.context is not None and settled is not None and build.context.exists(settled, name)
    if known and build.context is not None and build.context.is_folder(settled or "", name):
        return _below(step, name, folder, path, settled)
    place = f"{folder}/{base}" if target.endswith("/") or several else target
    if path == place and not source.endswith("/"):
        return Origin(name, step)
    file = known or (_FILE_LIKE.search(base) is not None and not source.endswith("/"))
    return None if file else _below(step, name, folder, path, settled)


def _below(step: Step, source: str, folder: str, path: str, settled: str | None) -> Origin | None:
    """What a folder's content puts at a path; None where the context is known and has no such file."""
    if not path.startswith(f"{folder}/"):
        return None
    place = posixpath.normpath(posixpath.join(source, path[len(folder) + 1 :]))
    return None if _absent(step, place, settled) else Origin(place, step)


def _globbed(step: Step, pattern: str, folder: str, path: str, settled: str | None) -> Origin | None:
    """A wildcard names files, put below the destination by their names, and folders, whose content is put there."""
    above, last = posixpath.split(pattern)
    matched = glob(last)
    if matched is None or _GLOB.search(above):
        return Origin(None, step)
    inside, name = posixpath.split(path)
    whole = posixpath.join(above, name)
    if inside == folder and matched.fullmatch(name) and not _absent(step, whole, settled):
        return Origin(whole, step)
    return Origin(None, step) if "." not in last else None


def _absent(step: Step, path: str, settled: str | None) -> bool:
    """Whether the context is known not to have a file."""
    context = step.stage.build.context
    if context is None or settled is None:
        return False
    return not context.exists(settled, path) or context.hides(settled, path)


def _root(build: Build) -> str | None:
    return root(build)


def _mounted(step: Step, path: str) -> str | None:
    """The path of the context that a RUN mounts at a path of the image."""
    from uvlint.syntax import mount  # noqa: PLC0415 - only for the few steps that have one

    for flag in step.run.flags_named("mount") if step.run is not None else ():
        one = mount(flag)
        if one is None or one.type != "bind" or "from" in one.keys:
            continue
        target = step.expand(one.keys.get("target", ""))
        source = step.expand(one.keys.get("source", "."))
        if not target or source is None or (step.state.workdir is None and not target.startswith("/")):
            continue
        place = normal(target if target.startswith("/") else f"{step.state.workdir}/{target}")
        source = posixpath.normpath(source.lstrip("/") or ".")
        if path == place:
            return source if source != "." else None
        if path.startswith("/" if place == "/" else f"{place}/"):
            return posixpath.normpath(posixpath.join(source, posixpath.relpath(path, place)))
    return None
