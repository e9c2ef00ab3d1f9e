"""The cache mount that a command could have, or why it can't have one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint import caches, calls, clearing, edits, reads, staleness
from uvlint.diagnostics import Edit
from uvlint.model import normal
from uvlint.syntax import mount

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.model import Stage, Step
    from uvlint.plan import Install
    from uvlint.shell import Command, Word
    from uvlint.syntax import Mount

SHARED = "/uv-cache"
"""Where uv's cache is mounted for a user other than root: below HOME the mount would leave folders that root owns."""

_STOPS = frozenset({"sudo", "doas", "gosu", "su-exec"})

_PLAIN = frozenset(
    {
        "uv",
        "uvx",
        "venv",
        "rm",
        "mkdir",
        "cd",
        "set",
        "export",
        "echo",
        "apt-get",
        "apk",
        "cp",
        "mv",
        "ln",
        "ls",
        "touch",
        "cat",
        "test",
        "[",
        ".",
        "source",
        "true",
        "chmod",
        "chown",
        "find",
        "useradd",
        "groupadd",
        "adduser",
        "addgroup",
        "sed",
        "sort",
        "head",
        "tail",
        "grep",
        "which",
        "command",
        "printf",
    }
)


class Offer(NamedTuple):
    """A cache mount that a command could have: the flag for its RUN, and words for the command ("" for none).

    `drops` delete what would defeat it. `moved`: instead of a new flag, the edit that gives a mount of the RUN, made for
    another tool, the right target.
    """

    flag: str
    words: str
    drops: list[Edit]
    moved: Edit | None = None

    def edits(self, step: Step) -> list[Edit]:
        """Puts the mount there, and takes away what would defeat it."""
        return [edits.add_flag(step, self.flag) if self.moved is None else self.moved, *self.drops]


def offer(install: Install, tool: str, *, drop_options: bool = True, unsetting: bool = False) -> Offer | str:
    """The cache mount that a command could have, or why it can't have one.

    `drops` delete what would defeat the mount: with `drop_options` the tool's own options, and `rm` of the mounted folder.
    With `unsetting` the caller sees to a variable that switches the cache off.
    """
    call = install.call
    obstacle = _obstacle(install, tool, unsetting=unsetting)
    if obstacle:
        return obstacle
    placed = where_for(call, tool)
    if isinstance(placed, str):
        return placed
    place, options, words = placed
    if caches.outside(call.step, place):
        return "another mount stands there"
    if place != SHARED and _read_elsewhere(call, place):
        return "another step reads its cache"
    drops = None if _worked_on(call, place) else clearing.without_removals(call, place)
    if drops is None:
        return "another command of the same RUN works on the cache"
    drops += clearing.without_purges(call, tool)
    if drop_options:
        for index in caches.option_indexes(call, tool):
            more = edits.delete_words(call, index, index + 1)
            if more is None:
                return "the option that switches its cache off can't be removed"
            drops += more
    return Offer(f"--mount=type=cache,target={place}{options}", words, drops, _moved(install, tool, place, options))


def where_for(call: Call, tool: str) -> tuple[str, str, str] | str:
    """Where a mount would stand, its other keys, and words for the command; or why there can be none."""
    who = caches.owner(call)
    if who is None:
        return "the numeric id of the user that runs it is not known"
    place = caches.folder(call, tool)
    if who[0] == "0" and not _in_other_home(call, place):
        return "where its cache is can't be told" if place is None else (place, "", "")
    if tool != "uv":
        return (
            "it runs as another user than root"
            if who[0] != "0"
            else "its cache is below a home folder that is not root's"
        )
    options = "" if who[0] == "0" else f",uid={who[0]}" + (f",gid={who[1]}" if who[1] else "")
    elsewhere = caches.option(call, "--cache-dir") is not None or "UV_CACHE_DIR" in call.variables
    if not elsewhere and "XDG_CACHE_HOME" not in call.variables:
        return SHARED, options, f"--cache-dir {SHARED}"
    if place is None:
        return "where its cache is can't be told"
    # Below HOME the mount would leave folders that root owns.
    return (
        "its cache is below the user's home folder"
        if caches.is_below(place, caches.home_of(call) or "/home")
        else (place, options, "")
    )


def _in_other_home(call: Call, place: str | None) -> bool:
    """Whether root's cache is below a HOME that this RUN or a later one makes: a mount would have made it already."""
    folder = caches.home_of(call)
    if place is None or folder in {None, "/", "/root"} or not caches.is_below(place, folder or ""):
        return False
    stage = call.step.stage
    return any(
        command.name in _ACCOUNTS or _makes(command, folder or "")
        for step in stage.build.steps
        if (step.stage is stage and step.index >= call.step.index)
        or (step.stage is not stage and stage in step.stage.chain)
        for command in (step.script.commands if step.script is not None else ())
    )


def _obstacle(install: Install, tool: str, *, unsetting: bool) -> str:
    call = install.call
    if not call.step.stage.build.settings.cache_mounts:
        return "cache mounts are switched off in the settings"
    if call.step.onbuild:
        return "it runs in the builds of other images"
    if _STOPS & set(call.wrappers):
        return f"`{next(one for one in call.wrappers if one in _STOPS)}` may change where its cache is"
    if not unsetting and caches.unset(call, tool):
        return f"{caches.NO_CACHE[tool]} is set"
    if tool == "uv":
        if call.variables.get("UV_LINK_MODE") == "symlink" or install.value("link-mode") == "symlink":
            return "links into the cache would dangle"
        linked = install.has("find-links") or "find-links" in install.settings or "UV_FIND_LINKS" in call.variables
        linked = linked or (install.tool in {"pip", "uv"} and reads.of(install).scan.find_links)
        if linked and not install.has("refresh"):
            return "uv would not notice a wheel of `--find-links` that was built again"
        return staleness.reason(install)
    return ""


def _moved(install: Install, tool: str, place: str, options: str) -> Edit | None:
    """The edit that turns a mount for pip's cache into one for uv's, where nothing else in the RUN is served by it."""
    step = install.call.step
    one = caches.named(step, "pip") if tool == "uv" else None
    if one is None or (caches.target(step, one) or "").endswith("/.cache") or not alone(install.call):
        return None
    return aimed(step, one, place, options)


def alone(call: Call) -> bool:
    """Whether no other command of the RUN could want pip's cache."""
    script = call.step.script
    known = {one.command: one for one in calls.all_calls(call.step.stage.build)[call.step]}
    for command in script.commands if script is not None else ():
        if command is call.command or not command.words:
            continue
        other = known.get(command)
        name = (command.name or "?").rpartition("/")[2] if other is None else other.program
        if name not in _PLAIN and not (
            name == "pip" and other is not None and other.verb in {"list", "freeze", "check", "--version", "cache"}
        ):
            return False
    return True


def aimed(step: Step, one: Mount, place: str, options: str = "") -> Edit | None:
    """The edit that gives a mount another target, and further keys (`,uid=1000`) with it."""
    span = one.places.get("target")
    source = step.stage.build.dockerfile.source
    if span is None or "=" not in source[span] or "\n" in source[span]:
        return None
    name = source[span].partition("=")[0]
    keys = [field for field in options.split(",") if field and field.partition("=")[0] not in one.keys]
    return Edit(span, ",".join([f"{name}={place}", *keys]))


def owned(step: Step, one: Mount, who: tuple[str, str]) -> Edit | None:
    """The edit that gives a mount to a user, by uid and gid."""
    uid = one.places.get("uid")
    if uid is not None:
        return Edit(uid, f"uid={who[0]}")
    where = one.keys.get("target")
    options = f",uid={who[0]}" + (f",gid={who[1]}" if who[1] else "")
    source = step.stage.build.dockerfile.source
    span = one.places.get("target")
    written = source[span].partition("=")[2] if span is not None else ""
    return aimed(step, one, written, options) if where and written else None


def _worked_on(call: Call, place: str) -> bool:
    """Whether another command of the RUN names the cache: a mount there could make it fail."""
    script = call.step.script
    known = {one.command: one for one in calls.all_calls(call.step.stage.build)[call.step]}
    for command in script.commands if script is not None else ():
        one = known.get(command)
        if command is call.command or not command.words:
            continue
        if one is not None and one.program == "rm":
            unknown = [word for word in one.words[one.rest :] if not clearing.values(one, word) and "$" in word.text]
            if any(clearing.CACHE_LIKE.search(word.text) for word in unknown):
                return True
        elif command.name == "umask" or _makes(command, place) or _touches(one, command, place):
            return True
    return False


def wanted(call: Call, place: str) -> bool:
    """Whether another command of the RUN, or another stage, works on a cache, and so wants it there; `rm` aside."""
    if _taken_elsewhere(call.step.stage, place):
        return True
    script = call.step.script
    known = {one.command: one for one in calls.all_calls(call.step.stage.build)[call.step]}
    return any(
        command is not call.command
        and command.words
        and command.name != "rm"
        and not (command.name == "find" and any((word.value or "").endswith("name") for word in command.words))
        and _touches(known.get(command), command, place)
        for command in (script.commands if script is not None else ())
    )


def _touches(one: Call | None, command: Command, place: str) -> bool:
    if one is not None and one.program in {"uv", "pip", "sh", "bash", "mkdir"}:
        return False
    return (command.name == "find" and _sweeps(command.words, place)) or _names(command.words, place)


_ACCOUNTS = frozenset({"useradd", "adduser", "usermod"})
_MAKERS = frozenset({"mkdir", "ln", "mv", "cp", "install", "git"})


def _taken_elsewhere(own: Stage, place: str) -> bool:
    """Whether a COPY or a mount takes a folder out of a stage."""
    return any(_takes(own, step, place) for step in own.build.steps)


def _makes(command: Command, place: str) -> bool:
    """Whether a command makes the folder, or one above it, where a mount would have made it already."""
    if command.name not in _MAKERS:
        return False
    values = [word.value or "" for word in command.words[1:]]
    if command.name == "mkdir" and any(one in {"-p", "--parents"} or re.match(r"-\w*p", one) for one in values):
        return False
    return any(
        one.startswith("/") and one not in {"/", "/root", "/root/"} and caches.is_below(place, normal(one))
        for one in values
    )


def _sweeps(words: list[Word], place: str) -> bool:
    """Whether `find` removes whatever is above or in the folder."""
    texts = [word.text.strip("\"'") for word in words]
    narrow = any(one in {"-name", "-iname", "-path", "-regex", "-wholename"} for one in texts)
    above = any(caches.is_below(place, normal(one)) for one in texts[1:] if one.startswith("/"))
    return above and not narrow and ("-delete" in texts or "rm" in texts)


def _names(words: list[Word], place: str) -> bool:
    short = place.removeprefix("/root")
    return any(
        f"{short}/" in f"{word.text}/"
        or word.text.strip("\"'").rstrip("/").endswith("/.cache")
        or word.value == ".cache"
        for word in words
    )


def _read_elsewhere(call: Call, place: str) -> bool:
    """Whether another step takes something from the folder, which a mount would leave empty."""
    build, own = call.step.stage.build, call.step.stage
    name = f"read in stage {own.index}: {place}"
    if name not in build.facts:
        build.facts[name] = _readers(own, place)
    return any(step is not call.step for step in build.facts[name])  # type: ignore[attr-defined]


def _readers(own: Stage, place: str) -> list[Step]:
    """The steps that take something from a folder of a stage."""
    return [
        step
        for step in own.build.steps
        if _takes(own, step, place) or (step.run is not None and own in step.stage.chain and _mentions(step, place))
    ]


def _takes(own: Stage, step: Step, place: str) -> bool:
    """Whether a step copies or mounts something of a folder out of a stage."""
    flag = step.instruction.flag("from") if step.instruction.keyword == "COPY" else None
    sources = [(flag.value or "", [word.text for word in step.instruction.words()[:-1]])] if flag is not None else []
    for one in step.run.flags_named("mount") if step.run is not None else ():
        found = mount(one)
        if found is not None and "from" in found.keys:
            sources.append((found.keys["from"], [found.keys.get("source") or "/"]))
    for name, texts in sources:
        stage = step.stage.build.stage_named(step.expand(name), step.stage)
        if stage is not None and own in stage.chain and any(_inside(step, text, place) for text in texts):
            return True
    return False


def _inside(step: Step, text: str, place: str) -> bool:
    path = step.expand(text)
    if path is None:
        return ".cache" in text
    path = normal(path)
    return caches.is_below(path, place) or (path.endswith("/.cache") and caches.is_below(place, path))


def _mentions(step: Step, place: str) -> bool:
    run = step.run
    text = "" if run is None else run.args.text + "".join(one.body.text for one in run.heredocs)
    if place.removeprefix("/root") not in text:
        return False
    known = {one.command: one for one in calls.all_calls(step.stage.build)[step]}
    for command in step.script.commands if step.script is not None else ():
        one = known.get(command)
        if (one is None or one.program not in {"rm", "uv", "pip"}) and _names(command.words, place):
            return True
    return step.script is None
