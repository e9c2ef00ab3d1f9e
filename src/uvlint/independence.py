"""Whether a RUN can do without what was copied into some folders of the image.

Told from a list of programs of which it is known what they look at; any other may need anything.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from uvlint import caches, calls, context, environments, plan, reads
from uvlint.lazy import regex
from uvlint.model import is_root, normal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from uvlint.calls import Call
    from uvlint.model import Step
    from uvlint.plan import Install
    from uvlint.shell import Command, Word

_SILENT = frozenset(
    {
        *("echo", "printf", "true", "false", ":", "set", "export", "unset", "exit", "shopt", "local", "return", "read"),
        *("which", "command", "type", "uname", "arch", "id", "whoami", "date", "sleep", "wait", "nproc", "umask", "tr"),
    }
)
"""None of their words is a file."""

_PLAIN = frozenset(
    {
        *(
            "apt-get",
            "apt-mark",
            "add-apt-repository",
            "apk",
            "dnf",
            "yum",
            "microdnf",
            "zypper",
            "update-alternatives",
        ),
        *(
            "useradd",
            "adduser",
            "usermod",
            "groupadd",
            "addgroup",
            "groupmod",
            "locale-gen",
            "update-locale",
            "ldconfig",
        ),
        *("update-ca-certificates", "dpkg-reconfigure"),
    }
)
"""Only those of their words are files that have a slash."""

_PATHS = frozenset(
    {
        *(
            "cd",
            "mkdir",
            "rm",
            "touch",
            "ln",
            "ls",
            "cat",
            "cp",
            "mv",
            "chmod",
            "chown",
            "chgrp",
            "tar",
            "unzip",
            "stat",
        ),
        *("venv", "virtualenv", "sh", "bash", ".", "source", "grep", "sort", "head", "tee", "cut", "install"),
        *("gpg", "rpm", "dpkg", "apt-key", "debconf-set-selections"),
    }
)
"""Each of their words but options may be a file."""

_TESTS = frozenset({"test", "[", "[["})
_TESTS_FILES = regex(r"-[a-hkprstuwxLOGSN]\Z")

_WHOLE = frozenset(("rm", "cp", "mv", "chmod", "chown", "chgrp", "tar"))
"""What they do to a folder they may do to all below it."""

_PIP = frozenset(
    ("cache", "check", "config", "debug", "freeze", "list", "show", "uninstall", "--version", "-V", "help")
)
_UV = frozenset(("cache", "tool", "self", "version", "--version", "venv", "pip"))
_UV_PIP = frozenset(("check", "freeze", "list", "show", "tree", "uninstall", "install", "sync"))
_VERSION = frozenset(("--version", "-V", "-VV"))
_FILES = ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "PIP_REQUIREMENT", "PIP_CONFIG_FILE", "PIP_FIND_LINKS", "PIP_CERT",
          "PIP_TARGET", "PIP_PREFIX", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_CONFIG_FILE",
          "UV_FIND_LINKS", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NETRC")  # fmt: skip
"""Variables by which an installer finds files."""

_SETTINGS = (".netrc", ".pip/pip.conf", ".config/pip/pip.conf", ".config/uv/uv.toml")
"""What an installer reads in HOME."""

_KNOWN_BY_FILE = frozenset(("requirement", "constraint", "build-constraint", "override", "group", "editable"))
_FOLDERS = frozenset(("find-links", "target", "prefix", "root", "src", "cache-dir", "cert", "client-cert", "config-file",
                      "log", "report", "directory", "project"))  # fmt: skip
_STARTS_WITH_NAME = regex(r"[\"']?[A-Za-z0-9][\w.-]*(?:\[[\w,.-]*\])?\s*(?:[=<>~!]=|[<>@])")
_LOCAL_LINE = regex(
    r"(?m)^\s*(?:(?:-f|--find-links)[ =]*(?!\w+://)\S|[./]|file:|[^#\n]*@\s*file:|(?:-e|--editable)[ =]*(?!\w+[:+])\S"
    r"|[^\s#:@]+\.(?:whl|zip|tar\.\w+|tgz)\s*$)"
)
_DYNAMIC = regex(r"(?ms)^dynamic\s*=\s*\[[^\]]*[\"'](?:optional-)?dependencies[\"']")


def needs(step: Step, folders: Collection[str]) -> str:
    """What in a RUN may need what was copied into the folders, as a diagnostic says it; "" for nothing."""
    run = step.run
    if run is None or step.onbuild:
        return f"{step.instruction.keyword} stands in between"
    for flag in run.flags_named("mount"):
        target = re.search(r"(?:target|dst|destination)=([^,]*)", flag.value or "")
        if target is not None and "type=" in (flag.value or "") and "type=bind" not in (flag.value or ""):
            place = target[1] if target[1].startswith("/") else f"{step.state.workdir}/{target[1]}"
            if _inside(normal(place), folders):
                return "a mount lies in the folder that they are copied to"
    if step.script is None:
        return f"`{excerpt(run.args.text)}` in between can't be read"
    known = {id(one.command): one for one in calls.calls(step)}
    installs = {id(one.call.command): one for one in plan.installs(step.stage.build) if one.call.step is step}
    for command in step.script.commands:
        call = known.get(id(command))
        reason = _redirected(command, step.state.workdir if call is None else call.workdir, folders)
        if not reason and call is not None and command.words:
            install = installs.get(id(command))
            reason = _command(call, install, folders, step.script.functions)
        if reason:
            return reason
    return ""


def _command(call: Call, install: Install | None, folders: Collection[str], functions: Collection[str]) -> str:
    program = call.program
    if "/" in call.path and _inside(_resolved(call, call.path) or "/", folders):
        return f"{shown(call)} in between is one of them"
    if install is not None and install.tool in {"pip", "uv"}:
        return _install(install, folders)
    if program in functions or program in _SILENT:
        return ""
    if program in _TESTS and not any(_TESTS_FILES.match(one or "") for one in call.args):
        return ""
    fine = (
        program in _PLAIN
        or (program in {"pip", "uv", "pipx"} and _harmless(call, folders))
        or (program in {"curl", "wget"} and not _downloads_into(call, folders))
        or (program == "python" and bool(call.args) and set(call.args) <= _VERSION)
    )
    every = program in _PATHS or program in _TESTS
    if not fine and not every:
        return f"{shown(call)} in between may need them"
    for place in _places(call, every=every):
        if place is not None and program in {"venv", "virtualenv"} and _inside(place, folders):
            return f"{shown(call)} makes its environment in the folder that they are copied to"
        if place is None or _touches(call, place, folders):
            return f"{shown(call)} in between may need them"
    if program in {"useradd", "adduser"} and any(_inside(folder, ("/home",)) for folder in folders):
        return f"{shown(call)} may make the folder that they are copied to"
    return ""


def _harmless(call: Call, folders: Collection[str]) -> bool:
    if call.program == "pip":
        return call.verb in _PIP
    if call.program == "pipx":
        return call.verb == "install"
    if call.verb == "pip":
        return (call.args[1:2] or [None])[0] in _UV_PIP
    if call.verb == "venv" and (call.workdir is None or _inside(call.workdir, folders)):
        return bool(re.search(r"(?:--python|-p)\b|--no-config", " ".join(one or "" for one in call.args))) and any(
            (one or "").startswith("/") for one in call.args
        )
    return call.verb in _UV


def _downloads_into(call: Call, folders: Collection[str]) -> bool:
    """Whether curl or wget leaves its file in the folder where it runs, and that is one of the folders."""
    if call.workdir is not None and not _inside(call.workdir, folders):
        return False
    text = " ".join(one or "" for one in call.args)
    named = re.search(r"(?:^|\s)(?:-\w*[oO]|--output|--output-document)[ =]?(/\S*|-(?=\s|$))", text)
    return not named and (
        call.program == "wget" or re.search(r"(?:^|\s)(?:-\w*[oO]|--output|--remote-name)", text) is not None
    )


def _install(install: Install, folders: Collection[str]) -> str:
    call = install.call
    name = shown(call)
    if install.given is None:
        return f"the options of {name} can't be read"
    found = reads.of(install)
    if found.directories:
        return f"{name} builds the project from them"
    for file in found.files:
        if not file.image.endswith((".toml", ".py", ".cfg")) and _LOCAL_LINE.search(
            (file.data or b"").decode("utf-8", "replace")
        ):
            return f"`{posixpath.basename(file.image)}` names local files or projects"
    named = {normal(f"{call.workdir}/{one.value}") for one in install.all("requirement")} | {
        one.value for one in install.all("requirement")
    }
    if any(_builds(file) for file in found.files if file.image in named):
        return f"{name} reads a project that may have to be built"
    for one in install.given:
        if one.meaning in _KNOWN_BY_FILE or (one.option is not None and one.meaning not in _FOLDERS):
            continue
        if one.value is None:
            if not _STARTS_WITH_NAME.match(one.raw):
                return f"`{one.raw}` in {name} is only known when the image is built"
        elif _is_path(one.value, always=one.meaning in _FOLDERS):
            place = _resolved(call, one.value)
            if place is None or _inside(place, folders):
                return f"`{one.raw}` in {name} lies in the folder that they are copied to"
    return _environment(install, folders)


def _builds(file: reads.File) -> bool:
    """Whether a file's requirements may only be known once a project is built."""
    if file.image.endswith((".py", ".cfg")):
        return True
    if not file.image.endswith(".toml"):
        return False
    text = (file.data or b"").decode("utf-8", "replace")
    return "[project]" not in text or _DYNAMIC.search(text) is not None


def _environment(install: Install, folders: Collection[str]) -> str:
    """What the installer finds by its variables, and where it installs to."""
    call = install.call
    name = shown(call)
    if install.target is not None and install.target.where.startswith("/") and _inside(install.target.where, folders):
        return f"{name} installs into the folder that they are copied to"
    known = call.variables
    for variable in _FILES:
        value = known.get(variable, "")
        if value is None or any(
            "://" not in one and _inside(_resolved(call, one) or "/", folders) for one in (value or "").split()
        ):
            return f"{variable} names a file that {name} may need"
    entries = (known.get("PATH") or "").split(":")
    if any(entry.startswith("/") and _inside(normal(entry), folders) for entry in entries):
        return f"PATH leads {name} into the folder that they are copied to"
    user = environments.runs_as(call)
    home = caches.home_of(call)
    if home is not None and _inside(home, folders) and context.root(call.step.stage.build) is not None:
        for name in _SETTINGS:
            if context.origin(call.step, f"{home}/{name}") is not None:
                return f"{name} in HOME comes with them"
    below_home = (
        user is not None and not is_root(user) and install.target is not None and install.target.kind == "system"
    )
    if below_home and (home is None or _inside(home, folders)):
        return f"{name} installs below HOME, where they are copied to"
    return ""


# Paths -----------------------------------------------------------------------------------------------------------------


def _places(call: Call, *, every: bool) -> Iterator[str | None]:
    """The paths that a command names; None for one that isn't known."""
    words = call.words[call.rest :]
    if call.program in {"chmod", "chown", "chgrp"}:
        named = [word for word in words if not word.text.startswith("-")]
        words = named[1:]
    if call.program in {"sh", "bash"}:
        if any(word.text == "-c" or re.match(r"-\w*c\Z", word.text) for word in words):
            return
        words = words[:1] if words and not words[0].text.startswith("-") else []
    for word in words:
        text = _text(call, word)
        if text is None:
            if every or "/" in word.text:
                prefix = word.prefix
                yield prefix if prefix.startswith("/") and prefix != "/" and "/" in prefix[1:] else None
            continue
        text = text.partition("=")[2] if text.startswith("-") else text
        if text and text != "-" and _is_path(text, always=every):
            yield _resolved(call, text)


def _text(call: Call, word: Word) -> str | None:
    if word.text.startswith("~"):
        home = caches.home_of(call)
        return None if home is None else home + word.text[1:].rstrip("*")
    found = word.value if word.value is not None else word.literal
    return found if found is not None else word.resolve(call.variables)


def _is_path(text: str, *, always: bool) -> bool:
    if "://" in text or text.startswith("git+"):
        return False
    return always or "/" in text or text in {".", ".."} or re.search(r"\.(?:whl|zip|tar\.\w+|tgz)\Z", text) is not None


def _resolved(call: Call, text: str) -> str | None:
    if text.startswith("/"):
        return normal(text)
    return None if call.workdir is None else normal(f"{call.workdir}/{text}")


def _touches(call: Call, place: str, folders: Collection[str]) -> bool:
    if call.program in {"cd", "mkdir", "ls"} and place in folders:
        return False
    above = call.program in _WHOLE and any(_inside(folder, (place,)) for folder in folders)
    return above or _inside(place, folders)


def _inside(place: str, folders: Collection[str]) -> bool:
    return any(place == folder or place.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _redirected(command: Command, workdir: str | None, folders: Collection[str]) -> str:
    for one in command.redirects:
        if one.target is None or one.body is not None or "&" in one.op:
            continue
        value = one.target.value
        if value is None or (not value.startswith("/") and workdir is None):
            return f"`{excerpt(one.target.text)}` in between isn't known"
        if _inside(normal(value if value.startswith("/") else f"{workdir}/{value}"), folders):
            return f"`{posixpath.basename(value)}` in between lies in the folder that they are copied to"
    return ""


def shown(call: Call) -> str:
    """A command line as a diagnostic names it."""
    return f"`{excerpt(' '.join(word.text for word in call.words[call.first :]))}`"


def excerpt(text: str, size: int = 44) -> str:
    text = " ".join(text.split())
    if len(text) <= size:
        return text
    short = text[:size].rpartition(" ")[0]
    return f"{short if len(short) > size // 2 else text[:size]} …"
