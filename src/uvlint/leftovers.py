"""What package managers leave in a layer, and how a RUN gets rid of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uvlint import caches, calls, clearing, edits, images
from uvlint.diagnostics import Fix
from uvlint.lazy import regex
from uvlint.syntax import mount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.diagnostics import Edit
    from uvlint.model import Build, Stage, Step
    from uvlint.shell import Command
    from uvlint.source import Span

_LISTS = regex(r"/var(?:/lib(?:/(?:apt\b|\{[^}]*\bapt\b|\*)|(?=[\s\"'*]|\Z))|/\*|/\{)")
_DNF_CACHE = regex(r"/var(?:/cache(?:/(?:dnf|yum|libdnf5|\*|\{)|(?=[\s\"'*]|/?\Z))|/\*|/\{)")
_APK_CACHE = regex(r"/var(?:/cache(?:/(?:apk|\*|\{)|(?=[\s\"'*]|/?\Z))|/\*|/\{)|/etc/apk/cache")
_PACKAGES = regex(r"\bpkgs\b|(?:conda|forge|mamba)\S*/\S*(?:\*\.tar|\*\.conda)")
_POETRY_CACHE = regex(r"pypoetry|\.cache|POETRY_(?:CACHE_DIR|HOME)|XDG_CACHE_HOME|poetry[_-]cache")

_APT_READS = frozenset(
    {
        "install",
        "reinstall",
        "upgrade",
        "full-upgrade",
        "dist-upgrade",
        "dselect-upgrade",
        "build-dep",
        "satisfy",
        "source",
        "download",
        "changelog",
        "search",
        "show",
        "policy",
        "list",
    }
)
_APT_ALL = _APT_READS | {"update", "remove", "purge", "autoremove", "clean", "autoclean", "distclean", "check"}
_DNF = frozenset({"dnf", "yum", "microdnf", "dnf5", "tdnf"})
_DNF_FILLS = frozenset(
    {
        "install",
        "update",
        "upgrade",
        "groupinstall",
        "group",
        "groupupdate",
        "localinstall",
        "reinstall",
        "builddep",
        "module",
        "makecache",
        "swap",
        "distro-sync",
        "downgrade",
        "check-update",
        "update-minimal",
        "upgrade-minimal",
    }
)
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_POETRY_FILLS = frozenset({"install", "sync", "add", "update"})
_CONDA_FILLS = frozenset({"install", "create", "update", "upgrade", "env"})


class Leftover(NamedTuple):
    """What a command line leaves behind: the words that do, what it is, and the fix or why there is none."""

    span: Span
    text: str
    fix: Fix | None = None
    help: str = ""


def layers(build: Build) -> set[Stage]:
    """The stages whose layers ship: of the last stage, and of those that no other takes anything from."""
    name = "stages that ship"
    if name not in build.facts:
        taken = {one for step in build.steps if (one := images.copied_from(step)) is not None}
        taken |= {one for step in build.steps for one in _mounted_from(step)}
        continued = {stage.parent for stage in build.stages}
        leaves = [one for one in build.stages if one.final or (one not in taken and one not in continued)]
        build.facts[name] = {stage for leaf in leaves for stage in leaf.chain}
    return build.facts[name]  # type: ignore[return-value]


def _mounted_from(step: Step) -> Iterator[Stage]:
    for flag in step.run.flags_named("mount") if step.run is not None else ():
        one = mount(flag)
        name = step.expand(one.keys.get("from", "")) if one is not None else None
        stage = step.stage.build.stage_named(name, step.stage)
        if stage is not None:
            yield stage


def of(step: Step, line: list[Call]) -> Iterator[Leftover]:
    """What the package managers of a RUN leave in its layer."""
    programs = {one.program for one in line}
    if "apt-get" in programs:
        yield from _apt(step, line)
    if "apk" in programs:
        yield from _apk(step, line)
    if programs & _DNF:
        yield from _dnf(step, line)
    if programs & _CONDA:
        yield from _conda(step, line)
    if "poetry" in programs:
        yield from _poetry(step, line)


def verb(call: Call, known: frozenset[str]) -> str:
    """The first argument that is one of the tool's verbs."""
    return next((arg for arg in call.args if arg in known), "")


def named(call: Call, word: str) -> Span:
    """From the program to a word."""
    last = next(index for index, one in enumerate(call.words) if index >= call.rest and one.value == word)
    return call.command.cooked.span(call.words[call.first].start, call.words[last].end)


def _gone(step: Step, call: Call, pattern: object) -> bool:
    """Whether a command behind this one names what it leaves: its author sees to it."""
    script = step.script
    commands = script.commands if script is not None else []
    at = commands.index(call.command) + 1
    return any(
        pattern.search(f"{' '.join(word.text for word in one.words)} ")  # type: ignore[attr-defined]
        for one in commands[at:]
        if (one.name or "").rpartition("/")[2] not in {"echo", "mkdir"}
    )


def _program(call: Call) -> str:
    """The program as it is written, with `sudo` where it needs it."""
    return ("sudo " if "sudo" in call.wrappers else "") + call.words[call.first].text


def _appended(step: Step, text: str, title: str) -> tuple[Fix | None, str]:
    made = edits.append_command(step, text)
    if made is not None:
        return Fix(title, tuple(made)), ""
    return None, f"add `{text}` to the same RUN"


# apt -------------------------------------------------------------------------------------------------------------------


def _apt(step: Step, line: list[Call]) -> Iterator[Leftover]:
    updates = [one for one in line if one.program == "apt-get" and verb(one, _APT_ALL) == "update"]
    if not updates or caches.outside(step, "/var/lib/apt/lists"):
        return
    last = updates[-1]
    if _gone(step, last, _LISTS) or any("distclean" in one.args for one in line if one.position > last.position):
        return
    text = "apt's package lists"
    need = next(_needs_lists(step), "")
    if need:
        yield Leftover(named(last, "update"), text, help=f"they can't be removed here: {need}")
        return
    sudo = "sudo " if "sudo" in last.wrappers else ""
    fix, why = _appended(step, f"{sudo}rm -rf /var/lib/apt/lists/*", "Remove apt's package lists")
    yield Leftover(named(last, "update"), text, fix, why)


def _later(step: Step) -> Iterator[Step]:
    """The steps that run on what a step left: behind it, and in the stages that continue its own."""
    stage = step.stage
    yield from stage.steps[step.index + 1 :]
    for other in stage.build.stages[stage.index + 1 :]:
        if stage in other.chain:
            yield from other.steps


def _needs_lists(step: Step) -> Iterator[str]:
    """Why later steps need apt's lists."""
    source = step.stage.build.dockerfile.source
    known = calls.all_calls(step.stage.build)
    for later in _later(step):
        where = f"line {source.line(later.instruction.span.start)}"
        run = later.run
        if run is None:
            if later.instruction.keyword in {"CMD", "ENTRYPOINT"} and "apt" in later.instruction.args.text.split():
                yield f"{where} may need them"
            continue
        if later.script is None:
            if "apt" in run.args.text + "".join(one.body.text for one in run.heredocs):
                yield f"{where} can't be read and may need them"
            continue
        if caches.outside(later, "/var/lib/apt/lists"):
            continue
        updated = False
        mine = {one.command: one for one in known[later] if one.program == "apt-get"}
        for command in later.script.commands:
            call = mine.get(command)
            if call is not None:
                done = verb(call, _APT_ALL)
                updated = updated or done == "update"
                if done in _APT_READS and not updated:
                    yield f"{where} has `apt-get {done}` without `apt-get update`"
            elif not updated and _script(command):
                yield f"{where} runs a script that may need them"


def _script(command: Command) -> bool:
    """Whether a command runs a script of which nothing is seen."""
    words = [word.value for word in command.words]
    name = ((words[0] if words else "") or "").rpartition("/")[2]
    if name.endswith(".sh"):
        return True
    named_ = [one for one in words[1:] if one is None or not one.startswith("-")]
    return (
        name in {"sh", "bash", ".", "source"}
        and bool(named_)
        and "-c" not in words
        and not (named_[0] or "").endswith("/activate")
    )


# apk -------------------------------------------------------------------------------------------------------------------

_APK_ALL = frozenset({"add", "update", "upgrade", "del", "fix", "info", "search", "cache", "fetch", "policy"})
_UPDATES = frozenset({"--update", "-U", "--update-cache"})


def _apk(step: Step, line: list[Call]) -> Iterator[Leftover]:
    own = [one for one in line if one.program == "apk" and verb(one, _APK_ALL) in {"add", "update", "upgrade"}]
    filling = [one for one in own if "--no-cache" not in one.args and not any(_elsewhere(arg) for arg in one.args)]
    if not filling or caches.outside(step, "/var/cache/apk") or caches.outside(step, "/etc/apk/cache"):
        return
    if _gone(step, filling[-1], _APK_CACHE) or any(
        verb(one, _APK_ALL) == "cache" for one in line if one.program == "apk"
    ):
        return
    shown = next((one for one in filling if verb(one, _APK_ALL) != "update"), filling[0])
    done = verb(shown, _APK_ALL)
    fix, why = _uncached_apk(step, filling)
    yield Leftover(named(shown, done), "apk's package index", fix, why)


def _elsewhere(arg: str | None) -> bool:
    return arg is not None and arg.startswith(("--root", "-p", "--cache-dir"))


def _uncached_apk(step: Step, filling: list[Call]) -> tuple[Fix | None, str]:
    updates = [one for one in filling if verb(one, _APK_ALL) == "update"]
    need = next(_needs_index(step), "") if updates else ""
    if need:
        return None, f"it can't be left out here: {need}"
    if updates and step.script is not None and len(step.script.commands) == 1 and not step.onbuild:
        return Fix("Remove `apk update`", (edits.replace_instruction(step.stage.build, step.instruction, []),)), ""
    found: list[Edit] = []
    for call in filling:
        made = edits.delete_command(call) if call in updates else _with_no_cache(call, verb(call, _APK_ALL))
        if made is None:
            return None, "use `apk add --no-cache`, and no `apk update`"
        found += made
    return Fix("Keep no package index", tuple(found)), ""


def _with_no_cache(call: Call, done: str) -> list[Edit] | None:
    for index, word in enumerate(call.words):
        if index >= call.rest and word.value in _UPDATES:
            return edits.replace_words(call, index, index + 1, "--no-cache")
    at = next(index for index, word in enumerate(call.words) if index >= call.rest and word.value == done)
    return edits.insert_after(call, at, "--no-cache")


def _needs_index(step: Step) -> Iterator[str]:
    """Why later steps need the index that `apk update` fetches."""
    source = step.stage.build.dockerfile.source
    known = calls.all_calls(step.stage.build)
    for later in _later(step):
        where = f"line {source.line(later.instruction.span.start)}"
        run = later.run
        if (
            run is not None
            and later.script is None
            and "apk" in run.args.text + "".join(one.body.text for one in run.heredocs)
        ):
            yield f"{where} can't be read and may need it"
        if later.script is not None and any(_script(command) for command in later.script.commands):
            yield f"{where} runs a script that may need it"
        for call in known.get(later, ()):
            if call.program != "apk":
                continue
            done = verb(call, _APK_ALL)
            if done == "update":
                break
            if done in {"add", "upgrade", "search", "fetch"} and not ({"--no-cache", *_UPDATES} & set(call.args)):
                yield f"line {source.line(later.instruction.span.start)} has `apk {done}` without `--no-cache`"


# dnf, conda, poetry ----------------------------------------------------------------------------------------------------

_OFFLINE = frozenset({"-C", "--cacheonly", "--offline", "--clone", "--use-index-cache"})


def _cleaned(step: Step, last: Call, done: str, text: str, command: str) -> Leftover:
    """What a package manager leaves, with the fix that cleans it behind the last command of the RUN."""
    known = calls.all_calls(step.stage.build)
    for later in _later(step):
        if any(one.program == last.program and _OFFLINE & set(one.args) for one in known.get(later, ())):
            return Leftover(named(last, done), text, help="a later step installs from it")
    fix, why = _appended(step, f"{_program(last)} {command}", f"Clean {text}")
    return Leftover(named(last, done), text, fix, why)


def _dnf(step: Step, line: list[Call]) -> Iterator[Leftover]:
    own = [one for one in line if one.program in _DNF]
    filling = [one for one in own if verb(one, _DNF_FILLS) and not any(_apart(arg) for arg in one.args)]
    if not filling or any(caches.outside(step, f"/var/cache/{one}") for one in ("dnf", "yum", "libdnf5")):
        return
    last = filling[-1]
    if not _gone(step, last, _DNF_CACHE) and not _cleans(own, last):
        yield _cleaned(step, last, verb(last, _DNF_FILLS), f"{last.program}'s cache", "clean all")


def _apart(arg: str | None) -> bool:
    return arg is not None and (arg in _OFFLINE or arg.startswith("--installroot"))


def _cleans(own: list[Call], last: Call) -> bool:
    return any("clean" in one.args for one in own if one.position > last.position)


def _conda(step: Step, line: list[Call]) -> Iterator[Leftover]:
    own = [one for one in line if one.program in _CONDA]
    filling = [one for one in own if _fills_conda(one)]
    run = step.run
    if not filling or run is None or any("pkgs" in (flag.value or "") for flag in run.flags_named("mount")):
        return
    last = filling[-1]
    if not _gone(step, last, _PACKAGES) and not _cleans(own, last):
        command = "clean --all --yes" if last.program == "micromamba" else "clean -afy"
        yield _cleaned(step, last, verb(last, _CONDA_FILLS), "conda's package cache", command)


def _fills_conda(call: Call) -> bool:
    done = verb(call, _CONDA_FILLS)
    if not done or call.args[:1] == ["run"] or {"--dry-run", "-d", "--help", "--offline"} & set(call.args):
        return False
    return done != "env" or bool({"create", "update"} & set(call.args))


def _poetry(step: Step, line: list[Call]) -> Iterator[Leftover]:
    own = [one for one in line if one.program == "poetry"]
    filling = [one for one in own if one.verb in _POETRY_FILLS and not caches.off(one, "poetry")]
    if not filling or caches.named(step, "poetry") is not None:
        return
    last = filling[-1]
    place = caches.folder(last, "poetry")
    if (place is not None and caches.outside(step, place)) or _gone(step, last, _POETRY_CACHE):
        return
    if not clearing.cleared(last, "poetry", place):
        yield Leftover(
            named(last, last.verb or "install"),
            "poetry's cache",
            help="give the RUN a cache mount for it; poetry keeps its environments there too unless told otherwise",
        )
