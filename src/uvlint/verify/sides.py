"""The two things that are built: the Dockerfile as it is and as it would be, each with its build context.

The user's tree is only read. What has to differ from it is done in a copy, in a temporary folder.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from uvlint import context, engine, filesystem
from uvlint.dockerignore import Ignore
from uvlint.source import Source
from uvlint.verify.engines import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uvlint.config import Settings
    from uvlint.model import Build


@dataclass(slots=True, eq=False)
class Subject:
    """One side. `folder` is its context, `dockerfile` the path that the file has, `text` what is to be in it.

    `changed` holds other files of the context by their absolute paths, with what they are to hold; `copied`: the folder
    is a copy, which may be written, and `patterns` say what Docker doesn't see of it; `arguments` are what `--build-arg`
    says.
    """

    label: str
    text: str
    dockerfile: str
    folder: str
    settings: Settings
    changed: Mapping[str, str] = field(default_factory=dict)
    copied: bool = False
    patterns: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)

    def build(self) -> Build:
        """What the file says, read beside its context."""
        source = Source(self.text, self.dockerfile)
        found = engine.read(source, self.settings, context.find(self.dockerfile), self.arguments)
        found.facts["root"] = self.folder
        return found

    @property
    def inside(self) -> str | None:
        """The Dockerfile's path in the context; None where it is elsewhere."""
        path = os.path.relpath(self.dockerfile, self.folder)
        return None if path.startswith(os.pardir) else path


def root(build: Build, path: str) -> str:
    """The folder that a file is built in: the one that holds what it copies, or else its own."""
    return context.root(build) or os.path.dirname(os.path.abspath(path))


def ignoring(subject: Subject) -> str | None:
    """The text that says what Docker doesn't see, None where there is none. Raises EngineError."""
    if subject.copied:
        return subject.patterns  # the file may be among what Docker doesn't see, and another one would be found
    for place in (f"{subject.dockerfile}.dockerignore", os.path.join(subject.folder, ".dockerignore")):
        if place in subject.changed:
            return subject.changed[place]
        try:
            return filesystem.read(place).decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise EngineError(f"{place}: {error}") from None
    return None


def alike(one: Subject, other: Subject) -> bool:
    """Whether two subjects are the same text in the same context, so that nothing has to be built. Raises EngineError."""
    same = one.text == other.text and one.folder == other.folder and not one.changed and not other.changed
    return same and ignoring(one) == ignoring(other)


def copy(subject: Subject, to: str) -> Subject:
    """The subject with a context of its own below a folder, without what Docker doesn't see. Raises: OSError."""
    import shutil  # noqa: PLC0415

    text = ignoring(subject)
    ignore = Ignore(text) if text is not None else None
    os.makedirs(to)
    folders: set[str] = set()
    for path, place in _seen(subject.folder, ignore, os.path.dirname(to)):
        target = os.path.join(to, path)
        above = os.path.dirname(path)
        while above and above not in folders:  # one that is hidden holds something that isn't
            folders.add(above)
            above = os.path.dirname(above)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(place):
            os.symlink(os.readlink(place), target)
        elif os.path.isdir(place):
            os.makedirs(target, exist_ok=True)
            folders.add(path)
        elif os.path.isfile(place):  # no socket or pipe
            shutil.copy2(place, target)
    for place, after in subject.changed.items():
        path = os.path.relpath(place, subject.folder)
        hidden = ignore is not None and ignore.hides(path.replace(os.sep, "/"))
        if not path.startswith(os.pardir) and not hidden and holds(to, path):
            put(os.path.join(to, path), after)
    inside = subject.inside
    dockerfile = os.path.join(to, inside) if inside else os.path.join(f"{to}.file", "Dockerfile")
    if inside and os.path.exists(dockerfile) and holds(to, inside):
        put(dockerfile, subject.text)
    for path in sorted(folders, reverse=True):  # last: what can't be written could not be filled
        shutil.copystat(os.path.join(subject.folder, path), os.path.join(to, path))
    return replace(subject, dockerfile=dockerfile, folder=to, changed={}, copied=True, patterns=text)


def holds(folder: str, path: str) -> bool:
    """Whether a path of a copy is in it, be it there or not: a link may lead out, to the user's own file."""
    return os.path.realpath(os.path.join(folder, path)).startswith(os.path.join(os.path.realpath(folder), ""))


def put(place: str, text: str) -> None:
    """Write a file of a copy, which has the mode of the user's: it may be one that can't be written."""
    os.makedirs(os.path.dirname(place), exist_ok=True)
    mode = stat.S_IMODE(os.stat(place).st_mode) if os.path.exists(place) else None
    if mode is not None and not mode & stat.S_IWUSR:
        os.chmod(place, mode | stat.S_IWUSR)
    with open(place, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    if mode is not None:
        os.chmod(place, mode)


def _seen(folder: str, ignore: Ignore | None, temporary: str) -> Iterator[tuple[str, str]]:
    """What Docker sees below a folder: relative paths and places, folders before what is in them. Raises: OSError.

    The folder for copies is left out, where it is itself in the context.
    """
    own = os.path.realpath(temporary)

    def hides(path: str) -> bool:
        return ignore is not None and ignore.hides(path.replace(os.sep, "/"))

    def unreadable(error: OSError) -> None:
        if not hides(os.path.relpath(error.filename, folder)):
            raise error

    for place, names, leaves in os.walk(folder, onerror=unreadable):
        names[:] = [
            name
            for name in names
            if name != os.path.basename(own) or os.path.realpath(os.path.join(place, name)) != own
        ]
        above = os.path.relpath(place, folder)
        for name in [*names, *leaves]:
            path = name if above == "." else os.path.join(above, name)
            if hides(path):
                if ignore is not None and name in names and not ignore.excepts:
                    names.remove(name)
                continue
            yield path, os.path.join(place, name)


def without_syntax(text: str) -> str:
    """The text without its `# syntax=` line: the engine's own frontend reads it."""
    from uvlint.syntax import parse  # noqa: PLC0415

    found = next((one.span for one in parse(Source(text)).directives if one.name == "syntax"), None)
    if found is None:
        return text
    end = text.find("\n", found.start) + 1 or len(text)
    return text[: text.rfind("\n", 0, found.start) + 1] + text[end:]


LABEL = "uvlint.verify"


def isolated(build: Build, unique: str, *, labelled: bool = False) -> str:
    """The file's text with cache mounts of its own, which nothing has filled: `unique` begins their ids.

    `labelled`: each stage begins with a LABEL, too. podman looks for the layers of a rebuild among all that are alike, and
    would find those of the other side for a common beginning, and then none for what follows.
    """
    from uvlint.syntax import mount  # noqa: PLC0415 - a file is measured, not checked

    edits = [(one.start.span.end, f"\nLABEL {LABEL}={unique}") for one in build.stages if labelled]
    for step in build.steps:
        for flag in step.instruction.flags_named("mount"):
            one = mount(flag)
            if one is None or one.type != "cache":
                continue
            if "id" in one.places:
                edits.append((one.places["id"].start + len("id="), f"{unique}-"))
            else:
                # BuildKit takes the target for the id of a mount without one.
                name = re.sub(r"\W+", "-", posixpath.normpath(one.keys.get("target", "")))
                edits.append((one.places["type"].start, f"id={unique}-{name},"))
    text = build.dockerfile.source.text
    for place, more in sorted(edits, reverse=True):
        text = text[:place] + more + text[place:]
    return text


# Git ---------------------------------------------------------------------------------------------------------------------


def at(reference: str, subject: Subject, to: str) -> Subject:
    """The subject as it was at a commit: its Dockerfile and its context, put below a folder. Raises EngineError."""
    place, base = os.path.split(subject.dockerfile)
    commit = _commit(place, reference)
    text = _git(place, "show", f"{commit}:./{base}").out
    if text is None:
        raise EngineError(f"--against {reference}: {base} is not in that commit")
    folder = _checkout(reference, commit, subject.folder, to)
    _same_modes(folder, subject.folder)
    if subject.inside is None:
        dockerfile = os.path.join(to, "checkout.file", "Dockerfile")
        beside = _git(place, "show", f"{commit}:./{base}.dockerignore").out
        if beside is not None:
            put(f"{dockerfile}.dockerignore", beside.decode("utf-8", "surrogateescape"))
    else:
        dockerfile = os.path.join(folder, subject.inside)
        if os.path.islink(dockerfile):  # git shows where it leads
            if not holds(folder, subject.inside) or not os.path.isfile(dockerfile):
                raise EngineError(f"--against {reference}: {base} is a link there that leads to nothing in the context")
            text = filesystem.read(dockerfile)
    return Subject(reference, Source.decode(text, dockerfile).text, dockerfile, folder, subject.settings)


def _commit(folder: str, reference: str) -> str:
    """The name of a commit. Raises EngineError."""
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if found.out is None:
        why = f" (git: {found.said})" if found.said else ""
        raise EngineError(f"--against {reference}: there is neither such a file nor such a commit{why}")
    return found.out.decode().strip()


def _checkout(reference: str, commit: str, folder: str, to: str) -> str:
    """Put what a commit holds of a folder below another one: where that is. Raises EngineError."""
    # An index of its own: the user's is not touched, and `git archive` would leave out what is marked `export-ignore`.
    index = {"GIT_INDEX_FILE": os.path.join(to, "index")}
    checkout = os.path.join(to, "checkout", "")
    inner = _git(folder, "rev-parse", "--show-prefix").out
    found = os.path.join(checkout, os.fsdecode(inner or b"").strip("\r\n")).rstrip(os.sep)
    read = _git(folder, "read-tree", commit, env=index).out
    made = _git(folder, "checkout-index", "--all", f"--prefix={checkout}", env=index).out
    if inner is None or read is None or made is None or not os.path.isdir(found):
        raise EngineError(f"--against {reference}: git has nothing of {folder} at that commit")
    return found


def _same_modes(folder: str, like: str) -> None:
    """Give files and folders the modes that they have in the user's tree: git only knows of `x`."""
    for place, names, leaves in os.walk(folder):
        for path in (place, *(os.path.join(place, name) for name in (*names, *leaves))):
            other = os.path.join(like, os.path.relpath(path, folder))
            if os.path.islink(path) or os.path.islink(other) or not os.path.exists(other):
                continue
            mode, wanted = (stat.S_IMODE(os.stat(one).st_mode) for one in (path, other))
            if os.path.isdir(path) == os.path.isdir(other) and mode & stat.S_IXUSR == wanted & stat.S_IXUSR:
                os.chmod(path, wanted | stat.S_IRUSR | (stat.S_IWUSR if os.path.isdir(path) else 0))


class _Said(NamedTuple):
    """What git printed, None where it failed; then the last thing it `said`."""

    out: bytes | None
    said: str = ""


_READING = ("core.splitIndex=false", "core.fsmonitor=false", f"core.hooksPath={os.devnull}")
"""Settings without which git would write beside an index of ours, or run the user's programs for it."""


def _git(folder: str, *args: str, env: Mapping[str, str] | None = None) -> _Said:
    """Ask git about a repository, and write nothing there. Raises EngineError."""
    import subprocess  # noqa: PLC0415

    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", folder, *(word for one in _READING for word in ("-c", one)), *args],  # noqa: S607
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise EngineError("--against a commit needs the git command") from None
    said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0].removeprefix("fatal: ")
    return _Said(None, said) if done.returncode else _Said(done.stdout)
