"""What stands between a `pip install` and uv: why it has to stay with pip, or what may come out differently.

Each reason is one line that a diagnostic can say, and was verified by running both.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from uvlint import (
    caches,
    calls,
    conda,
    context,
    environments,
    git,
    interpreters,
    offers,
    pipconf,
    plan,
    provision,
    reads,
)
from uvlint.lazy import regex
from uvlint.model import happened, is_root, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvlint.calls import Call
    from uvlint.model import Build, Step
    from uvlint.plan import Install
    from uvlint.reads import Reads

_WRAPPED = {
    "sudo": "`sudo` resets the environment that uv looks at: remove it",
    "doas": "`doas` resets the environment that uv looks at: remove it",
    "gosu": "`gosu` changes the user: use USER",
    "xargs": "`xargs` hands it words that are not known before the build",
}
_LOGIN = regex(r"(?:^|[\s/\"'\[])(?:ba|da|z|k)?sh['\",\s]+(?:-\w*l\w*|--login)\b")
_OLD = frozenset({"2", "2.7", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7"})
_PYTHON = regex(r"python|pyenv|uv\b|miniconda|pypy")
_UV_FILE = regex(r"(?<!cache)/uv\Z")
_BUILD_TOOLS = frozenset({"numpy", "cython", "pybind11", "torch"})


def refusal(install: Install) -> str:
    """Why an install has to stay with pip, "" where nothing speaks against uv but its words."""
    call = install.call
    wrapped = _wrapped(call)
    if wrapped:
        return wrapped
    if install.given is None:
        return install.why
    for one in install.given:
        if one.option is not None and one.option.action == "block":
            return one.option.note
    if not (install.requirements or install.has("requirement") or install.has("editable") or install.has("group")):
        return "it names nothing to install"
    if any(scope.kind in {"substitution", "process"} for scope in call.command.scopes):
        return "its output is used by another command"
    if any(
        one.target is not None and one.op == ">" and one.target.text.startswith("=") for one in call.command.redirects
    ):
        return "the shell reads its `>` as a redirect: quote the requirement"
    if call.path.rpartition("/")[2].startswith("python") is False and call.module:
        return "the Python it runs in is not known"
    return (
        _login(call)
        or _twice(install)
        or _logged(install)
        or _wanted(install)
        or place(install)
        or _uv_settings(install)
        or _uv_removed(call)
        or _parsed(call)
        or _imports(install)
        or git.missing(install)
        or provision.unavailable(call.step.stage)
    )


_REPEATED = frozenset({"requirement", "constraint", "build-constraint", "editable", "group", "extra-index", "find-links",
                       "trusted-host", "no-binary", "only-binary", "config-setting"})  # fmt: skip


def _twice(install: Install) -> str:
    """Options that uv takes once."""
    given = [one for one in install.given or () if one.option is not None]
    kept = [one for one in given if one.option is not None and one.option.action in {"keep", "rename"}]
    if {"-q", "--quiet", "-v", "--verbose"} <= {one.name for one in kept} or {
        one.name[:3].strip("-")[:1] for one in kept if one.name in {"-q", "--quiet", "-v", "--verbose"}
    } == {"q", "v"}:
        return "uv takes either `-q` or `-v`"
    known: set[str] = set()
    for one in kept:
        if one.meaning in _REPEATED or one.name in {"-q", "--quiet", "-v", "--verbose"}:
            continue
        name = one.option.names[0] if one.option is not None else ""
        if name in known:
            return f"`{one.name}` is given twice, which uv refuses"
        known.add(name)
    return ""


def _wanted(install: Install) -> str:
    """Something else that works with what pip leaves in its cache."""
    call = install.call
    place = "" if caches.off(call, "pip") else caches.folder(call, "pip")
    return "another command works on pip's cache, which uv doesn't fill" if place and offers.wanted(call, place) else ""


def _logged(install: Install) -> str:
    """A log that pip would write, and that something reads."""
    name = install.value("log")
    texts = (step.instruction.args.text for step in install.call.step.stage.build.steps)
    read = install.has("log") and (not name or sum(text.count(name) for text in texts) > 1)
    return "uv has no `--log`, and its file is read" if read else ""


_UV_READS = ("UV_CONFIG_FILE", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_EXCLUDE_NEWER",
             "UV_RESOLUTION", "UV_PRERELEASE", "UV_REQUIRE_HASHES", "UV_OFFLINE", "UV_FIND_LINKS", "UV_INDEX", "UV_INDEX_URL",
             "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_NO_BUILD_ISOLATION", "UV_TORCH_BACKEND", "UV_WORKING_DIR")  # fmt: skip
_UV_PYTHONS = ("UV_PYTHON", "UV_MANAGED_PYTHON", "UV_PYTHON_PREFERENCE")


def _uv_settings(install: Install) -> str:
    """uv's own variables, which pip does not read."""
    call = install.call
    known = {**call.step.state.args, **call.variables}
    system = install.target is not None and install.target.kind == "system"
    for name in (*_UV_READS, *(_UV_PYTHONS if system else ())):
        if known.get(name, "") == "":
            continue
        index = name in {"UV_INDEX_URL", "UV_DEFAULT_INDEX"}
        if (index and install.has("index")) or pipconf.matched(call, name):
            continue
        return f"{name} is set, which uv reads and pip doesn't"
    return ""


def _uv_removed(call: Call) -> str:
    removed = any(
        (one.program == "rm" and any(_UV_FILE.search(arg or "") for arg in one.args))
        or (one.verb in {"uninstall", "pip"} and "uninstall" in one.args and "uv" in one.args)
        for one in calls.before(call, "rm", "pip", "uv")
    )
    return "uv is removed before it" if removed else ""


_SHOWS = frozenset({"tee", "cat", "tail", "head", "less", "more", "ts"})


def _parsed(call: Call) -> str:
    """A command that looks for pip's own words in what the install prints."""
    if call.spawn is not None and call.spawn.outcome == "read":
        return "its output is read by the script that runs it, which may look for pip's words"
    if call.spawn is not None and call.spawn.form == "argv":
        return "pip runs inside of the script: let it run uv, through subprocess"
    if call.outer is not None and (reason := _parsed(call.outer)):
        return reason
    script = call.step.script
    commands = script.commands if script is not None else []
    at = next((index for index, one in enumerate(commands) if one is call.command), len(commands))
    reason = "its output is read by another command, which looks for pip's words"
    for one, reader in zip(commands[at:], commands[at + 1 :], strict=False):
        if one.after is None or one.after.text not in {"|", "|&"}:
            break
        if (reader.name or "?").rpartition("/")[2] not in _SHOWS:
            return reason
    text = call.command.cooked.text
    again = any(not name.startswith("/dev/") and text.count(name) > 1 for name in _outputs(call))
    return reason if again else ""


def _outputs(call: Call) -> list[str]:
    return [
        one.target.text
        for one in call.command.redirects
        if one.target is not None and one.op in {">", ">>", ">|", "&>", "&>>"} and one.fd in {"", "1", "2"}
    ]


_IMPORTS = regex(r"(?m)^(?:from|import)[ \t]+(\w+)")
_WITH_SETUPTOOLS = frozenset({"setuptools", "distutils", "__future__"})


def _imports(install: Install) -> str:
    """What a project's setup.py needs of the environment: pip may build it there, uv builds in one of its own."""
    found = reads.of(install)
    if install.has("no-isolation") or not found.directories:
        return ""
    by_place = {file.image: file.data or b"" for file in found.files}
    for place, data in by_place.items():
        folder, _, name = place.rpartition("/")
        if name != "setup.py" or b"build-system" in by_place.get(f"{folder}/pyproject.toml", b""):
            continue
        for module in _IMPORTS.findall(data.decode("utf-8", "replace")):
            if module not in sys.stdlib_module_names and module not in _WITH_SETUPTOOLS:
                return f"its setup.py imports {module}, which uv's build would not find"
    return ""


def _login(call: Call) -> str:
    text = call.step.instruction.args.text
    shell = any(word.startswith("-") and "l" in word.lstrip("-") for word in call.step.state.shell[1:])
    nested = any(scope.kind == "shell" for scope in call.command.scopes)
    if shell or (nested and _LOGIN.search(text)):
        return "a login shell sets PATH anew"
    return ""


def of_command(call: Call) -> str:
    """Why a command line of another tool can't be uv's, whatever it says; "" where nothing speaks against it."""
    onbuild = "it runs in the builds of other images" if call.step.onbuild else ""
    if call.spawn is not None and call.spawn.form in {"module", "argv"}:
        return "pip runs inside of the script: let it run uv, through subprocess"
    return _wrapped(call) or _login(call) or _uv_removed(call) or onbuild or provision.unavailable(call.step.stage)


def _wrapped(call: Call) -> str:
    return next((_WRAPPED[one] for one in call.wrappers if one in _WRAPPED), "")


def too_old(call: Call, version: str = "") -> str:
    """Why uv can't serve the Python of a command line; `version` is what it names, "" for the image's own."""
    release = version if "." in version or version == "2" else interpreters.release(call.step.stage)
    return f"uv needs Python 3.8 or later, this is {release}" if release in _OLD else ""


def place(install: Install) -> str:
    """Why uv can't work in the environment of a pip command line."""
    call = install.call
    stage = call.step.stage
    if install.target is None:
        conda_ = "it runs in a conda environment, whose files uv may overwrite" if conda.within(call) else ""
        return conda_ or "which environment it installs into can't be told"
    match stage.base.kind:
        case _ if conda.within(call):
            return "it runs in a conda environment, whose files uv may overwrite"
        case "configured":
            return "its base image has pip settings or an environment of its own, which uv doesn't read"
        case "bare":
            return "its base image has no Python"
        case "system" if install.target.kind == "system" and not _python_installed(call):
            return "its base image has no Python of its own"
        case _:
            pass
    version = install.target.where if install.target.kind in {"system", "path"} and install.target.where else ""
    old = too_old(call, version or calls.python_version(call.path))
    if old:
        return old
    if install.target.kind == "venv" and _sees_system(stage.build):
        return "its environment may see the system's packages, at which uv doesn't look"
    if install.target.kind == "system" and call.variables.get("BASH_ENV", "") != "":
        return "BASH_ENV may activate an environment"
    debian = stage.base.family == "debian" and (
        (install.target.kind == "system" and stage.base.kind == "system") or install.target.where == "/usr"
    )
    if debian and install.has("prefix"):
        return "Debian's pip lays `--prefix` out otherwise"
    if install.target.kind in {"system", "path"} and stage.base.kind in {"system", "unknown"}:
        several = _several_pythons(call)
        if several:
            return several
    user = environments.runs_as(call)
    owned = install.target.kind == "venv" or install.has("target") or install.has("prefix")
    if user is not None and not is_root(user) and not owned:
        return f"it runs as {user} without an environment: pip then installs below HOME, uv doesn't"
    return _configured(call)


def _several_pythons(call: Call) -> str:
    """Why the Python that a plain `pip` belongs to can't be told."""
    version = calls.python_version(call.path)
    if "." in version:
        return ""
    if version != "3" and interpreters.second(call):
        return "its pip may belong to Python 2: write `pip3`"
    if not interpreters.certain(call):
        return "its pip may belong to another Python than `python3` now does: write `python3 -m pip`"
    return ""


def _sees_system(build: Build) -> bool:
    return any("--system-site-packages" in one.args for one in calls.find(build, "venv", "virtualenv", "uv"))


def _python_installed(call: Call) -> bool:
    return happened(call.step, "python", _mentions_python) or bool(
        _PYTHON.search(call.command.cooked.text[: call.command.start])
    )


def _mentions_python(step: Step) -> bool:
    flag = step.instruction.flag("from") if step.instruction.keyword == "COPY" else None
    if flag is not None:
        return _PYTHON.search(f"{flag.value} {step.instruction.args.text}") is not None
    return step.run is not None and _PYTHON.search(text_of(step.run)) is not None


def _configured(call: Call) -> str:
    """pip settings that lie in files, which uv does not read, as far as they can't be told to uv."""
    run = call.step.run
    if run is not None and any(pipconf.MENTION.search(flag.value or "") for flag in run.flags):
        return "a pip.conf is mounted, which uv doesn't read"
    if pipconf.settings(call) is None or ("PIP_CONFIG_FILE" not in call.variables and _copied_settings(call)):
        return "pip was configured before, by a file that uv doesn't read"
    return ""


def _copied_settings(call: Call) -> bool:
    """Whether a folder that was copied from the context holds a pip.conf where pip looks for it."""
    build = call.step.stage.build
    if build.context is None:
        return False
    folders = {context.destination(one) for one in call.step.stage.before(call.step) if context.copied(one)}
    near = {(one.rstrip("/") or "/") for one in folders if one is not None}
    return any(
        any(one == "/" or place.startswith(f"{one}/") for one in near) and reads.seen(call, place) is not None
        for place in pipconf.PLACES
    )


def notes(install: Install, what: Reads) -> list[str]:
    """What may come out differently."""
    call = install.call
    found: list[str] = []
    stage = call.step.stage
    if stage.base.kind == "unknown":
        image = stage.chain[0].image
        found.append(
            f"nothing is known of the base image{f' {image}' if image else ''}: it may have pip settings of its own"
        )
    if stage.base.environment:
        found.append(f"its base image brings an environment of its own, {stage.base.environment}")
    if what.missing:
        found.append(f"{what.missing[0]} was not found in the build context")
    found += _whose(install)
    if call.step.onbuild:
        found.append("it runs in the builds of other images")
    operators = {one.text for one in (call.command.before, call.command.after) if one is not None}
    ignored = call.spawn is not None and call.spawn.outcome == "handled"
    if "||" in operators or call.command.negated or ignored or _handled(call):
        found.append("its failure is handled, and uv fails in other cases than pip")
    if any(not one.startswith("/dev/") for one in _outputs(call)):
        found.append("its output is kept in a file")
    found += _presence(install)
    if any(scope.kind == "pipeline" for scope in call.command.scopes) or operators & {"|", "|&"}:
        found.append("its output is read by another command")
    base = stage.base.family == "debian" and stage.base.kind == "system"
    if base and install.target is not None and install.target.kind == "system":
        packaged = _packaged(call, what.scan.names)
        if packaged:
            found.append(f"pip sees Debian's {packaged} as installed, uv doesn't")
    found += _isolation(install)
    if _asks_keyring(install, what):
        found.append("pip asks keyring for the index's password, uv only with `--keyring-provider subprocess`")
    return found


def _whose(install: Install) -> list[str]:
    """For which Python's a plain `pip` is taken, where a build brings several."""
    call = install.call
    named = install.target is None or install.target.kind not in {"system", "path"} or call.module
    if named or not interpreters.several(call):
        return []
    if owner := interpreters.owner(call):
        return [f"its pip is taken for that of {owner}, which brought one"]
    others = interpreters.beside(call)
    return [f"{others[0] if others else 'another Python'} is there too, and its pip is taken for that of `python3`"]


def _asks_keyring(install: Install, what: Reads) -> bool:
    """Whether keyring, or a plug-in of it, was installed before and there is an index that may want a password."""
    indexed = (
        what.scan.index
        or what.scan.extra_index
        or any(install.has(one) or one in install.settings for one in ("index", "extra-index"))
    )
    if not indexed or install.has("keyring") or "keyring" in install.settings:
        return False
    stages = {id(stage) for stage in install.call.step.stage.chain}
    return any(
        id(one.call.step.stage) in stages
        and (one.call.step.stage is not install.call.step.stage or _earlier(one, install))
        and any("keyring" in name.lower() for name in reads.of(one).scan.names)
        for one in plan.installs(install.call.step.stage.build)
        if one.given is not None
    )


def _handled(call: Call) -> bool:
    """Whether the command is a condition, or stands in a list that goes on with `||`."""
    command, script = call.command, call.step.script
    if call.outer is not None and (call.outer.command.negated or _handled(call.outer)):
        return True
    if any(scope.kind in {"if", "while", "until"} and scope.part == "condition" for scope in command.scopes):
        return True
    commands = script.commands if script is not None else []
    at = next((index for index, one in enumerate(commands) if one is command), len(commands))
    for one in commands[at:]:
        if one.after is None or one.after.text not in {"&&", "||", "|"}:
            return False
        if one.after.text == "||" and one.scopes == command.scopes:
            return True
    return False


_WITH_PIP = frozenset({"setuptools", "wheel"})
"""What Debian's python3-pip depends on."""
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv", "virtualenv"})


def _presence(install: Install) -> list[str]:
    """What pip makes of packages that are there already, where uv differs."""
    eager = install.has("upgrade") and install.value("upgrade-strategy") != "eager" and not _plain(install)
    path = install.call.variables.get("PYTHONPATH", "") != ""
    if not (eager or path or install.has("prefix") or install.has("target")):
        return []
    stages = {id(stage) for stage in install.call.step.stage.chain}
    earlier = [
        one
        for one in plan.installs(install.call.step.stage.build)
        if one is not install
        and one.tool in {"pip", "uv"}
        and not _plain(one)
        and (one.call.step.stage is not install.call.step.stage or _earlier(one, install))
        and (id(one.call.step.stage) in stages or (install.target is not None and install.target.kind == "venv"))
    ]
    if eager and earlier:
        return ["uv upgrades what the named packages need as well"]
    if path and any(one.has("target") for one in earlier):
        return ["pip sees what is on PYTHONPATH as installed, uv doesn't"]
    if install.has("prefix") and earlier:
        return ["pip leaves out what is installed beside `--prefix`, uv doesn't"]
    if any(one.has("target") for one in earlier) and install.has("target"):
        return ["pip leaves what is in the folder already, uv replaces it"]
    return []


def _plain(install: Install) -> bool:
    """Whether nothing but packages without needs of their own is asked for."""
    if install.given is None or install.has("requirement") or install.has("editable") or install.has("group"):
        return False
    names = [re.split(r"[\[<>=!~;@ ]", one.value or "?", maxsplit=1)[0].lower() for one in install.requirements]
    return set(names) <= _TOOLS


def _packaged(call: Call, names: Iterable[str]) -> str:
    """A Python library that came as a Debian package before, by its own name or, where it is asked for, with pip's."""
    plain = re.compile(
        r"python3?(?:\.\d+)?-(?!pip|dev|s?venv|virtualenv|distutils|minimal|full|all|lib2to3|apt\b|is-python|tk|doc|dbg|gdbm|examples|software|launchpad)\S+"
    )
    for one in calls.before(call, "apt-get"):
        for arg in one.args:
            if arg is not None and plain.match(arg):
                return arg.partition("=")[0]
            if arg == "python3-pip" and (brought := sorted(_WITH_PIP & set(names))):
                return f"python3-{brought[0]}"
    return ""


def _isolation(install: Install) -> list[str]:
    """Signs that a source distribution is built against what an earlier step installed."""
    if install.has("no-isolation"):
        return []
    step, reading = install.call.step, install.has("requirement")
    stages = {id(stage) for stage in step.stage.chain}
    for one, kind, text in _signs(step.stage.build):
        there = id(one.call.step.stage) in stages and (one.call.step.stage is not step.stage or _earlier(one, install))
        if there and (kind == "pin" or reading):
            return [text]
    return []


def _earlier(one: Install, other: Install) -> bool:
    return (one.call.step.index, one.call.position) < (other.call.step.index, other.call.position)


def _signs(build: Build) -> list[tuple[Install, str, str]]:
    known = build.facts.get("isolation")
    if known is None:
        known = build.facts["isolation"] = [found for one in plan.installs(build) if (found := _sign(one)) is not None]
    return known  # type: ignore[return-value]


def _sign(one: Install) -> tuple[Install, str, str] | None:
    if one.given is None or one.has("requirement"):
        return None
    scan = reads.of(one).scan
    if any(re.match(r"setuptools\s*(?:<|==)", each.value or "") for each in one.requirements):
        return one, "pin", "setuptools was pinned before, as if a build needed it; uv builds in isolation"
    if scan.names and set(scan.names) <= _BUILD_TOOLS:
        return one, "tool", f"{scan.names[0]} was installed before, as if a build needed it; uv builds in isolation"
    return None
