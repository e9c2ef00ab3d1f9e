"""What an install reads: its requirement files and projects, found in the build context.

Nothing is assumed of a file that can't be seen: `missing` names it.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import calls, context, metadata, variables
from uvlint.lazy import regex
from uvlint.model import normal, text_of
from uvlint.record import field, record
from uvlint.tools import requirements, wheels
from uvlint.tools.requirements import Scan

if TYPE_CHECKING:
    from collections.abc import Collection

    from uvlint.calls import Call
    from uvlint.model import Step
    from uvlint.plan import Install
    from uvlint.shell import Command

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_DEPTH = 10


@record(eq=True)
class File:
    """A file that an install reads: where the image has it, where the context has it, and the COPY that brings it.

    `data` is None where the file can't be seen, `origin` where it doesn't come from the context.
    """

    image: str
    origin: str | None
    step: Step | None
    data: bytes | None


@record(eq=True)
class Reads:
    """All that an install reads.

    `files`: those whose place is known, seen or not. `missing`: what is not to be seen, in words. `directories`: local projects on the command line. `local`: a requirements
    file names a local directory.
    """

    scan: Scan = field(default_factory=Scan)
    files: list[File] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    local: bool = False


def of(install: Install) -> Reads:
    """What an install reads, looked up once."""
    facts = install.call.step.stage.build.facts
    known = facts.setdefault("reads", {})
    key = id(install)
    if key not in known:  # type: ignore[operator]
        known[key] = _read(install)  # type: ignore[index]
    return known[key]  # type: ignore[index, no-any-return]


def configures_uv(call: Call) -> bool:
    """Whether uv would find settings of its own where a command runs, or above: pip reads none of them."""
    place = call.workdir
    if place is None or call.step.stage.build.context is None:
        return False
    while place:
        for name, mark in (("uv.toml", b""), ("pyproject.toml", b"tool.uv")):
            data = seen(call, normal(f"{place}/{name}"))
            if data is not None and mark in data:
                return True
        place = "" if place == "/" else posixpath.dirname(place)
    return False


def seen(call: Call, place: str) -> bytes | None:
    """What stands in a file of the image when a command runs; None where there is none, or it can't be told."""
    file = look(call, place)
    return file.data if file is not None else None


def _read(install: Install) -> Reads:
    found = Reads()
    call = install.call
    for one in install.given or ():
        written = one.raw if one.value is None else one.value
        if one.option is None:
            _positional(call, written, found)
        elif one.meaning == "editable":
            requirements.editable(written, found.scan)
            _positional(call, written, found)
        elif one.meaning in {"requirement", "constraint", "build-constraint", "override"}:
            _file(call, one.value, written, found, depth=0)
        elif one.meaning == "group":
            project = written.rpartition(":")[0] or "pyproject.toml"
            _file(call, project if one.value is not None else None, project, found, depth=0)
    for meaning in ("constraint", "build-constraint"):
        for word in (install.settings.get(meaning) or "").split():
            _file(call, word, word, found, depth=0)
    return found


def _positional(call: Call, written: str, found: Reads) -> None:
    bare = re.sub(r"\[[^\]]*\]\Z", "", written)
    if bare in {".", ".."} or (
        (bare.startswith(("./", "../", "/")) or requirements.is_folder(bare))
        and not re.search(r"\.(?:whl|zip|gz|tgz|bz2)\Z", bare)
    ):
        place = _absolute(call, bare)
        found.directories.append(place or bare)
        _project(call, place, found)
        return
    requirements.requirement(written, found.scan)
    found.local = found.local or (bool(found.scan.local) and "@" in written)


def _absolute(call: Call, path: str) -> str | None:
    if path.startswith("/"):
        return normal(path)
    return None if call.workdir is None else normal(f"{call.workdir}/{path}")


def _project(call: Call, place: str | None, found: Reads) -> None:
    known = False
    for name in PROJECT_FILES:
        file = look(call, normal(f"{place}/{name}")) if place is not None else None
        if file is not None and file.data is not None:
            found.files.append(file)
            known = True
            found.local = found.local or b"@ file:" in file.data
            for line in metadata.from_version_control(name, file.data):
                requirements.requirement(line, found.scan)
    if not known:
        found.missing.append("the project that it installs")


def _file(call: Call, value: str | None, written: str, found: Reads, depth: int) -> None:
    if value is None or "://" in value or value in {"-", "/dev/stdin"}:
        found.missing.append(f"`{written}`")
        return
    place = _absolute(call, value)
    file = look(call, place) if place is not None else None
    if file is not None and any(one.image == file.image for one in found.files):
        return
    if file is not None:
        found.files.append(file)
    if file is None or file.data is None:
        found.missing.append(f"`{written}`")
        return
    _scan(call, file, found, depth)


def _scan(call: Call, file: File, found: Reads, depth: int) -> None:
    if file.image.endswith((".toml", ".py", ".cfg")):
        return
    scan = requirements.scan(file.data or b"")
    known = found.scan
    for name in ("refused", "names", "prereleases", "trusted"):
        getattr(known, name).extend(getattr(scan, name))
    for name in ("index", "extra_index", "find_links", "hashes", "pre", "local", "git"):
        setattr(known, name, getattr(known, name) or getattr(scan, name))
    known.pinned = known.pinned and scan.pinned
    found.local = found.local or scan.local
    for nested in scan.nested:
        if depth < _DEPTH:
            _file(call, posixpath.join(posixpath.dirname(file.image), nested), nested, found, depth + 1)


def look(call: Call, place: str) -> File | None:
    """The file that stands at a place of the image when a command runs; None where that can't be told."""
    build = call.step.stage.build
    found = context.origin(call.step, place)
    if found is None or (found.step is not call.step and _changed(call, found.step, place)):
        return None
    folder = context.root(build)
    data = found.data
    if found.path is not None and folder is not None and build.context is not None:
        data = build.context.read(folder, found.path)
    return File(place, found.path, found.step, data)


def by_wheels(install: Install) -> bool:
    """Whether all that an install asks for comes in wheels, or is Python alone."""
    lines = None if _without_wheels(install) else _listed(install)
    return bool(lines) and all(wheels.there(line, _python(install)) for line in lines or ())


def carried(install: Install, installed: Collection[str], *, fortran: bool = True) -> bool:
    """Whether all that an install asks for runs on a slim image: see `wheels.carried`."""
    lines, python, built = _listed(install), _python(install), _without_wheels(install)
    return bool(lines) and all(
        wheels.carried(line, installed, python, fortran=fortran, built=built) for line in lines or ()
    )


def _without_wheels(install: Install) -> bool:
    """Whether an install is told to compile what may come in wheels."""
    return (
        install.has("no-binary")
        or "no-binary" in install.settings
        or not _COMPILES.isdisjoint(variables.known(install.call))
    )


_COMPILES = frozenset({"UV_NO_BINARY", "UV_NO_BINARY_PACKAGE"})


def _python(install: Install) -> str | None:
    """The CPython that an install is for, where wheels for glibc go onto it."""
    base = install.call.step.stage.base
    return base.python if base.family != "alpine" else None


def _listed(install: Install) -> list[str] | None:
    """The requirements of an install, those of its files too; None where they aren't all seen."""
    if install.tool not in {"pip", "uv"} or install.given is None:
        return None
    found = of(install)
    if found.missing or found.local or found.scan.git or found.scan.find_links:
        return None
    lines = [one.value for one in install.requirements if one.value not in _HERE or not found.directories]
    if len(found.directories) != len(install.requirements) - len(lines):
        return None
    for file in found.files:
        name = posixpath.basename(file.image)
        if file.data is None or name in {"setup.py", "setup.cfg"}:
            return None
        if name == "pyproject.toml" and found.directories:
            lines += metadata.of_python_alone(file.data) or [None]
        elif not name.endswith((".txt", ".in")):
            return None
        else:
            text = file.data.decode("utf-8", "replace")
            lines += [bare for line in text.splitlines() if (bare := line.partition("#")[0].strip())]
    return None if None in lines else [one for one in lines if one is not None]


_HERE = frozenset({".", "./"})


_HARMLESS = frozenset({"cat", "ls", "test", "[", "rm", "chmod", "chown", "grep", "head", "wc"})
"""Programs that name a file without changing what an install reads from it."""


def _changed(call: Call, copied: Step, place: str) -> bool:
    """Whether a command between the COPY and the install may have written the file."""
    name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(place))}(?![\w-])")
    steps = list(call.step.stage.before(call.step))
    start = steps.index(copied) + 1 if copied in steps else len(steps)
    known = calls.all_calls(call.step.stage.build)
    for step in [*steps[start:], call.step]:
        run = step.run
        if run is None or not name.search(run.args.text + "".join(one.body.text for one in run.heredocs)):
            continue
        if step is call.step and _alone(call, name):
            continue
        if step.script is None:
            return True
        reading = {id(one.command) for one in known.get(step, ()) if _only_reads(one)}
        for command in step.script.commands:
            if command is call.command:
                break
            if not name.search(command.cooked.text[command.start : command.end]):
                continue
            if any(
                ">" in one.op and one.target is not None and name.search(one.target.text) for one in command.redirects
            ):
                return True
            if command.words and id(command) not in reading and command.name not in _HARMLESS:
                if _runs(command, name):
                    continue
                return True
    return False


_INTERPRETERS = regex(r"(?:.*/)?(?:python[\d.]*|(?:ba|da|a|z|k)?sh|source|\.)\Z")


def _runs(command: Command, name: re.Pattern[str]) -> bool:
    """Whether a command runs a file as a script, and names it nowhere else."""
    named = [index for index, word in enumerate(command.words) if name.search(word.text)]
    if len(named) != 1:
        return False
    before = [word.value for word in command.words[: named[0]]]
    return not before or (
        _INTERPRETERS.match(before[0] or "?") is not None
        and all(one is not None and one.startswith("-") and one not in {"-c", "-m"} for one in before[1:])
    )


def _alone(call: Call, name: re.Pattern[str]) -> bool:
    """Whether, in its RUN, nothing but a command of Python itself names a file."""
    step = call.step
    if call.outer is None or step.run is None or len(name.findall(text_of(step.run))) != 1:
        return False
    return name.search(step.stage.build.dockerfile.source[call.span]) is not None


def _only_reads(call: Call) -> bool:
    if call.program == "pip":
        return True
    return call.program in {"uv", "cd"} and not {"compile", "export", "lock", "add"} & set(call.args[:2])


def describes_tool_uv(reads: Reads) -> bool:
    """Whether a project that is installed has settings for uv, which pip does not read."""
    return any(b"[tool.uv" in (file.data or b"") for file in reads.files if file.image.endswith("pyproject.toml"))
