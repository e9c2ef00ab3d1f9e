"""The ways in which uv comes into a stage other than from its image: through pip, pipx, or its installer's script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uvlint import calls, context, environments, images, plan, provision
from uvlint.lazy import regex
from uvlint.model import normal
from uvlint.record import field, record
from uvlint.tools import bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.plan import Install
    from uvlint.tools.options import Given

_SCRIPT = regex(
    r"https?://(?:astral\.sh/uv(?:/(?P<version>[^/\s]+))?/install\.sh"
    r"|github\.com/astral-sh/uv/releases/(?:latest/download|download/(?P<tag>[^/\s]+))/uv-installer\.sh)"
)
_SPECIFIER = regex(r"(?P<operator>===?|~=|>=|>)\s*v?(?P<version>\d+(?:\.\d+)*)(?P<any>\.\*)?\Z")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_LINEAR = frozenset({"shell", "pipeline"})
_SEQUENTIAL = frozenset({"&&", ";", "\n"})
_ENV_FILE = regex(r"\.(?:local/bin|cargo)/env\b")
_NAMED_PATH = regex(r"[\w.~${}/-]*/bin/uvx?(?![\w.-])")
_MODULE = regex(
    r"(?:\bpython[\d.]*|\$\{?\w+\}?)[\s\"',]+(?:-[bBdEhiIOPqsSuvx]+[\s\"',]+)*-m[\s\"',]*(?P<module>uv(?![\w.-])|\$)"
)
"""uv as a module of a Python, or a module that only the build knows."""

_WORD = regex(r"(?<![\w./:@=-])uvx?(?![\w.-])")
_FIRST_RELEASE = (0, 3)
"""The first release whose image holds `uvx` beside `uv`."""


@record(eq=True)
class Way:
    """One place where uv is installed.

    `words` are the indexes of what names uv in a command that installs more; empty where `commands`, all of the same RUN,
    do nothing else. `added` is the ADD of the installer's script. `version` is a tag of uv's image ("" for any release).
    `why` says why an image can't stand in for it ("" where it can), `note` what may come out differently.
    """

    kind: str
    call: Call
    commands: list[Call]
    words: list[int] = field(default_factory=list)
    added: Step | None = None
    version: str = ""
    why: str = ""
    note: str = ""

    @property
    def step(self) -> Step:
        return self.call.step


def ways(build: Build) -> Iterator[Way]:
    """Every place where uv is installed otherwise than from its image, in no particular order."""
    for install in plan.installs(build):
        if install.tool in {"pip", "uv"}:
            yield from _package(install)
    for call in calls.find(build, "pipx"):
        yield from _pipx(call)
    for call in calls.find(build, "curl", "wget"):
        yield from _fetched(call)
    for step in build.steps:
        if step.instruction.keyword == "ADD" and _SCRIPT.search(step.instruction.args.text):
            yield from _added(step)


# Packages --------------------------------------------------------------------------------------------------------------


def _package(install: Install) -> Iterator[Way]:
    call = install.call
    if install.given is None:
        if any(plan.is_uv(word.value or "") for word in call.words[install.first + 1 :]):
            yield Way("package", call, [], why=install.why)
        return
    named = [one for one in install.requirements if plan.is_uv(_shown(one))]
    if not named:
        return
    way = Way("package", call, [call])
    if not install.empty:
        way.words = [one.first for one in named]
    way.version, way.why = _release(call, _shown(named[-1]))
    way.why = way.why or _options(install) or obstacle(way)
    if install.has("index") or any(install.settings.get(key) for key in ("index", "extra-index")):
        way.note = "uv then comes from its image, not from the index that the command names"
    yield way


def _shown(one: Given) -> str:
    return one.raw if one.value is None or "$" in one.raw else one.value


def _options(install: Install) -> str:
    for meaning in ("target", "prefix", "root", "constraint", "no-index"):
        if install.has(meaning) or install.settings.get(meaning):
            return f"`--{meaning}` says where it goes or what it may be" if meaning != "no-index" else "it has no index"
    return ""


def _pipx(call: Call) -> Iterator[Way]:
    named = [index for index in range(call.rest + 1, len(call.words)) if plan.is_uv(call.words[index].value or "")]
    if call.verb != "install" or not named:
        return
    way = Way("package", call, [call])
    if any(not plan.is_uv(arg or "") and not (arg or "").startswith("-") for arg in call.args[1:]):
        way.words = named
    way.version, way.why = _release(call, call.words[named[-1]].value or "")
    way.why = way.why or obstacle(way)
    yield way


def _release(call: Call, requirement: str) -> tuple[str, str]:
    """The tag of uv's image that a requirement allows ("" for any), and why there is none."""
    unknown = "", f"which release `{requirement}` allows is not known"
    specifier = re.sub(r"\Auv(?:\[[^\]]*\])?\s*", "", requirement)
    if not specifier:
        return "", ""
    match = _SPECIFIER.match(specifier)
    if match is None:
        return unknown
    parts = tuple(map(int, match["version"].split(".")))
    operator = match["operator"]
    if operator in {">", ">="}:
        own = re.match(r"\d+(?:\.\d+)*", call.step.stage.build.settings.uv_version)
        return ("", "") if own is None or tuple(map(int, own[0].split("."))) > parts else unknown
    if match["any"] or operator == "~=":
        if len(parts) != (2 if match["any"] else 3):
            return unknown
        parts = parts[:2]
    elif len(parts) != 3:
        return unknown
    if parts < _FIRST_RELEASE:
        return "", "uv's image holds no `uvx` before 0.3"
    return ".".join(map(str, parts)), ""


# The installer ---------------------------------------------------------------------------------------------------------


def _fetched(call: Call) -> Iterator[Way]:
    match = next(filter(None, (_SCRIPT.search(word.text) for word in call.words[call.rest :])), None)
    if match is None:
        return
    way = Way("script", call, [], version=match["version"] or match["tag"] or "")
    if call.command.after is not None and call.command.after.text in {"|", "|&"}:
        way.commands = _pipeline(call)
        if way.commands[-1].program not in _SHELLS:
            return
    else:
        place = _saved(call)
        way.commands = _using(way, place) if place else []
        if not way.commands:
            if any(scope.kind in {"substitution", "process"} for scope in call.command.scopes):
                way.why = "only the piped form, `curl … | sh`, is understood"
                yield way
            return
    yield _judged(way)


def _pipeline(call: Call) -> list[Call]:
    """A command and those that its output goes through."""
    found = [call]
    for one in calls.all_calls(call.step.stage.build)[call.step][call.position + 1 :]:
        if one.command.cooked is not call.command.cooked or one.command.before is None:
            break
        if one.command.before.text not in {"|", "|&"}:
            break
        found.append(one)
    return found


def _saved(call: Call) -> str:
    """Where curl or wget writes the script, as written; "" where that can't be told."""
    flags = {"-o", "--output"} if call.program == "curl" else {"-O", "--output-document"}
    for index, word in enumerate(call.words[:-1]):
        bundled = call.program == "curl" and re.fullmatch(r"-[a-zA-Z]*o", word.text)
        if word.text in flags or bundled or (call.program == "wget" and re.fullmatch(r"-[a-z]*O", word.text)):
            return call.words[index + 1].text
    for one in call.command.redirects:
        if one.op == ">" and one.target is not None:
            return one.target.text
    return "install.sh" if call.program == "wget" or any(word.text == "-O" for word in call.words) else ""


def _using(way: Way, place: str) -> list[Call]:
    """The download and the commands behind it that name the script; none where they don't run it."""
    bare = place.removeprefix("./")
    later = calls.all_calls(way.step.stage.build)[way.step][way.call.position + 1 :]
    found = [one for one in later if any(word.text.removeprefix("./") == bare for word in one.words)]
    return [way.call, *found] if any(_runs(one, bare) for one in found) else []


def _runs(call: Call, place: str) -> bool:
    named = [word.text.removeprefix("./") for word in call.words[call.first :]]
    return named[0] == place or (call.program in _SHELLS and place in named[1:])


def _added(step: Step) -> Iterator[Way]:
    match = _SCRIPT.search(step.instruction.args.text)
    target = context.destination(step)
    if match is None or target is None or len(step.instruction.words()) != 2:
        return
    place = f"{target}{match[0].rpartition('/')[2]}" if target.endswith("/") else target
    known = calls.all_calls(step.stage.build)
    for later in step.stage.steps[step.index + 1 :]:
        found = [one for one in known[later] if any(_stands_for(one, word.value, place) for word in one.words)]
        ran = [one for one in found if _stands_for(one, one.words[one.first].value, place) or one.program in _SHELLS]
        if ran:
            way = Way("script", ran[0], found, added=step, version=match["version"] or match["tag"] or "")
            elsewhere = any(
                place in other.instruction.args.text for other in step.stage.build.steps if other not in {step, later}
            )
            way.why = f"`{place}` is named elsewhere" if elsewhere else ""
            yield _judged(way)
            return


def _stands_for(call: Call, value: str | None, place: str) -> bool:
    if value is None:
        return False
    return value == place or (call.workdir is not None and normal(f"{call.workdir}/{value}") == place)


def _judged(way: Way) -> Way:
    """With what belongs to the installation besides, and whether an image can stand in for it."""
    known = {id(one) for one in way.commands}
    for one in calls.all_calls(way.step.stage.build)[way.step]:
        if one.position > way.call.position and id(one) not in known and _completes(one):
            way.commands.append(one)
    way.commands.sort(key=lambda one: one.position)
    way.version = way.version.removeprefix("v")
    if way.version and not re.fullmatch(r"\d+\.\d+\.\d+", way.version):
        way.why = way.why or "its version is only known when the image is built"
    elif way.version and tuple(map(int, way.version.split("."))) < _FIRST_RELEASE:
        way.why = way.why or "uv's image holds no `uvx` before 0.3"
    way.why = way.why or obstacle(way)
    return way


def _completes(call: Call) -> bool:
    """Whether a command only moves or links what the installer left, or reads its `env` file."""
    args = [word.text.strip("\"'") for word in call.words[call.rest :] if not word.text.startswith("-")]
    if call.program in {".", "source"}:
        return bool(args) and _ENV_FILE.search(args[0]) is not None
    if call.program in {"ln", "mv", "cp", "install"} and len(args) > 1:
        sources, target = args[:-1], args[-1]
        named = all(_NAMED_PATH.fullmatch(arg) for arg in sources)
        return named and (_NAMED_PATH.fullmatch(target) is not None or target.rstrip("/") in provision.FOLDERS)
    return False


def release(call: Call) -> str:
    """The release of uv that an image brought before a command line runs, "" where none is written out."""
    stage = call.step.stage
    found = stage.chain[0].image or "" if stage.base.kind == "uv" else ""
    for step in stage.before(call.step):
        if environments.copies_uv(step):
            flag = step.instruction.flag("from")
            found = (flag.value or "") if flag is not None else ""
    match = re.match(r"\d+(?:\.\d+)*", bases.reference(found)[1])
    return match[0] if match else ""


# Whether an image can stand in -----------------------------------------------------------------------------------------


def obstacle(way: Way) -> str:
    """Why uv from its image would not do, "" where it does."""
    stage, call = way.step.stage, way.call
    if way.step.onbuild:
        return "it runs in the builds of other images"
    if stage.base.kind == "conda":
        return "uv has to be in the conda environment"
    for one in way.commands:
        if any(scope.kind not in _LINEAR for scope in one.command.scopes):
            return "it runs in a condition, a loop or a function"
        operators = [each.text for each in (one.command.before, one.command.after) if each is not None]
        if one.command.negated or any(each not in {*_SEQUENTIAL, "|", "|&"} for each in operators):
            return "another command depends on whether it fails"
    if "xargs" in call.wrappers:
        return "`xargs` hands it words that are not known before the build"
    return provision.unavailable(stage) or _needed(way)


def _needed(way: Way) -> str:
    """What names uv where it was installed, or reaches it through Python."""
    own = {id(one.command) for one in way.commands}
    folders = {one.variables.get(name) for one in way.commands for name in ("UV_INSTALL_DIR", "UV_UNMANAGED_INSTALL")}
    start = way.step.index
    for step in way.step.stage.build.steps:
        if step.stage.index < way.step.stage.index or (step.stage is way.step.stage and step.index < start):
            continue
        keyword = step.instruction.keyword
        if keyword == "COPY" and not _takes_on(way, step):
            if images.copied_from(step) is not None and _carried(way, step):
                return "a later stage takes uv along with other files"
            continue
        if keyword not in {"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "COPY", "ONBUILD"}:
            continue
        for text in _texts(step, own):
            named = _named(text)
            if named:
                return named
            if any(folder and f"{folder.rstrip('/')}/uv" in text for folder in folders):
                return "its folder is named later"
    return ""


def _texts(step: Step, own: set[int]) -> list[str]:
    """What an instruction says, less the commands that are `own`."""
    if step.run is not None and step.script is not None:
        return [
            one.cooked.text[one.start : one.end]
            for one in step.script.commands
            if id(one) not in own and not any(scope.kind == "shell" for scope in one.scopes)
        ]
    instruction = step.instruction
    return [" ".join(word.text for word in instruction.json) if instruction.json is not None else instruction.args.text]


def _named(text: str) -> str:
    for match in _NAMED_PATH.finditer(text):
        if match[0] not in {"/bin/uv", "/bin/uvx"}:
            return f"`{match[0]}` is named later"
    module = _MODULE.search(text)
    if module is not None:
        return f"`python -m {module['module']}{'…' if module['module'] == '$' else ''}` is run later"
    if _ENV_FILE.search(text):
        return "the installer's `env` file is read later"
    return ""


def _takes_on(way: Way, step: Step) -> bool:
    """Whether a COPY takes uv itself on from the stage that it was installed in."""
    stage = images.copied_from(step)
    return stage is not None and way.step.stage in stage.chain and environments.copies_uv(step)


def _carried(way: Way, step: Step) -> bool:
    """Whether a later stage that runs uv may have it only by a COPY of folders."""
    source = images.copied_from(step)
    if source is None or way.step.stage not in source.chain or way.step.stage in step.stage.chain:
        return False
    steps = list(step.stage.before())
    if step.stage.base.kind == "uv" or any(environments.copies_uv(one) for one in steps):
        return False
    return any(
        _WORD.search(text)
        for one in steps
        if one.run is not None or one.instruction.keyword in {"CMD", "ENTRYPOINT", "HEALTHCHECK"}
        for text in _texts(one, set())
    )
