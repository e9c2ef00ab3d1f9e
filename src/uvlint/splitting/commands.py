"""What the commands of a RUN are for: the environment, system packages, the image, or nothing that lasts."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from uvlint import calls, environments, plan
from uvlint.lazy import regex
from uvlint.tools import uv

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.model import Step
    from uvlint.shell import Command


class Use(Enum):
    """What a command is for.

    ENVIRONMENT: it installs into the environment, or makes it. PACKAGES: it has a system package manager change the image.
    CLEANING: it takes away what the two leave. NEUTRAL: it leaves nothing. FILES: it makes or changes files and accounts,
    with programs that each base image has. FETCHING: it brings files over the network. APP: it runs what is installed.
    TOOLS: it compiles. OTHER: it may do anything.
    """

    ENVIRONMENT = "environment"
    PACKAGES = "packages"
    CLEANING = "cleaning"
    NEUTRAL = "neutral"
    FILES = "files"
    FETCHING = "fetching"
    APP = "app"
    TOOLS = "tools"
    OTHER = "other"


class Line(NamedTuple):
    """A command of a RUN, and what it is for; `call` is None where it names no program."""

    command: Command
    call: Call | None
    use: Use


MANAGERS = frozenset({"apt-get", "apk", "dnf", "yum", "microdnf"})
INSTALLS = frozenset({"install", "add"})
REMOVES = frozenset({"purge", "remove", "autoremove", "del", "erase", "auto-remove"})

_NEUTRAL = frozenset(
    {
        *("echo", "printf", "true", "false", ":", "set", "export", "unset", "exit", "shopt", "cd", "test", "[", "[["),
        *("which", "command", "type", "uname", "arch", "id", "whoami", "date", "sleep", "wait", "nproc", "umask", "ls"),
        *("cat", "stat", "du", "df", "env", "pwd", "grep", "head", "tail", "wc", "find", "local", "return", "read"),
    }
)
_FILES = frozenset(
    {
        *(
            "mkdir",
            "rm",
            "rmdir",
            "touch",
            "ln",
            "cp",
            "mv",
            "chmod",
            "chown",
            "chgrp",
            "sed",
            "tar",
            "unzip",
            "install",
        ),
        *("useradd", "adduser", "usermod", "groupadd", "addgroup", "groupmod", "userdel", "deluser", "passwd", "tee"),
        *("ldconfig", "update-ca-certificates", "locale-gen", "update-locale", "dpkg-reconfigure", "gunzip", "gzip"),
        *(
            "apt-key",
            "add-apt-repository",
            "gpg",
            "update-alternatives",
            "setcap",
            "mkfifo",
            "mktemp",
            "dos2unix",
            "awk",
        ),
        *(
            "sha256sum",
            "md5sum",
            "sha512sum",
            "base64",
            "dpkg",
            "localedef",
            "sort",
            "tr",
            "cut",
            "basename",
            "dirname",
        ),
    }
)
_FETCHING = frozenset({"curl", "wget", "git"})
_TOOLS = frozenset(
    {
        *("make", "gmake", "cmake", "ninja", "meson", "gcc", "g++", "cc", "c++", "clang", "cargo", "rustup", "rustc"),
        *(
            "go",
            "configure",
            "autoreconf",
            "autogen.sh",
            "bazel",
            "scons",
            "ld",
            "ar",
            "swig",
            "cython",
            "javac",
            "mvn",
        ),
    }
)
_APP = frozenset(
    {
        *(
            "python",
            "ipython",
            "flask",
            "django-admin",
            "playwright",
            "spacy",
            "alembic",
            "celery",
            "gunicorn",
            "uvicorn",
        ),
        *(
            "nltk",
            "jupyter",
            "streamlit",
            "mlflow",
            "dvc",
            "huggingface-cli",
            "hf",
            "pybabel",
            "crawl4ai-setup",
            "mkdocs",
        ),
        *("crawl4ai-doctor", "camoufox", "patchright", "superset", "airflow", "dbt", "pyppeteer-install", "rasa"),
    }
)
"""Programs of Python packages, and Python itself."""

_CACHES = regex(
    r"(?:/var/lib/apt/lists|/var/cache|/var/tmp|/var/log|/tmp|/root/\.(?:cache|npm|cargo|rustup)|~/\.cache|\$HOME/\.cache"
    r"|/usr/share/(?:doc|man|info|locale)|/usr/(?:local/)?lib/python[\d.*]+/(?:\S*/)?(?:__pycache__|tests?))(?:/|\*|\Z)"
)
_ENVIRONMENT_FILES = regex(
    r"(?:site|dist)-packages|/usr/local/lib/python|/usr/lib/python|/usr/local/include/python|getsitepackages|sysconfig|sys\.prefix"
)
_LOCAL_PROGRAM = regex(r"(?<![\w.-])/usr/(?:local/)?bin/(?:python|pip|uv|gunicorn|uvicorn|celery|flask|django)[\w.-]*")
_SPACY = regex(r"(?:\A|\s)spacy\s+download\s")


def lines(step: Step) -> list[Line]:
    """The commands of a RUN in order. The step's script has to be known."""
    script = step.script
    assert script is not None  # noqa: S101 - callers have seen it
    known = {id(one.command): one for one in calls.calls(step)}
    found = []
    for command in script.commands:
        call = known.get(id(command))
        found.append(Line(command, call, _use(command, call)))
    return found


def touches_packages(text: str) -> str:
    """What in a text names files of the image's own Python, which an environment has elsewhere; "" for nothing."""
    match = _ENVIRONMENT_FILES.search(text) or _LOCAL_PROGRAM.search(text)
    return match[0] if match else ""


def _use(command: Command, call: Call | None) -> Use:
    if not command.words:
        return Use.NEUTRAL
    program = call.program if call is not None else (command.name or "?").rpartition("/")[2]
    if (program == "uv" and not _leaves_more(command, call)) or environments_made(call):
        return Use.ENVIRONMENT
    if command.name == "command" and any(word.value in {"-v", "-V"} for word in command.words):
        return Use.NEUTRAL
    if program in MANAGERS:
        return Use.PACKAGES
    if program in _NEUTRAL:
        return Use.FILES if any(">" in one.op and _lasts(one.target) for one in command.redirects) else Use.NEUTRAL
    if program in {".", "source"} and command.words[-1].text.rstrip("\"'").endswith("/activate"):
        return Use.NEUTRAL
    text = command.cooked.text[command.start : command.end]
    if _SPACY.search(text):
        return Use.ENVIRONMENT
    if program == "rm" and all(
        _CACHES.match(word.text.strip("\"'")) for word in command.words[1:] if word.text[:1] != "-"
    ):
        return Use.CLEANING
    for names, use in ((_FILES, Use.FILES), (_FETCHING, Use.FETCHING), (_TOOLS, Use.TOOLS)):
        if program in names:
            return use
    if program == "python":
        return _of_python(text)
    return Use.APP if program in _APP else Use.OTHER


_LISTS = frozenset({"export", "compile"})


def _leaves_more(command: Command, call: Call | None) -> bool:
    """Whether a command line of uv runs another program, which may leave anything anywhere, or writes what it reports to a file.

    A list that it writes is taken for one to install from.
    """
    at = plan.verb_index(call, uv.GLOBAL) if call is not None else None
    if call is None or at is None:
        return False
    written = any(">" in one.op and _lasts(one.target) for one in command.redirects)
    return call.words[at].value in {"run", "tool"} or (written and _LISTS.isdisjoint(call.args))


_COMPILES = regex(
    r"setup\.py|build_ext|\s-m\s*(?:pip|build|cython|nuitka|setuptools|ensurepip|numpy\.f2py)|\bsubprocess|os\.system"
)


def _of_python(text: str) -> Use:
    return Use.TOOLS if _COMPILES.search(text) else Use.APP


def environments_made(call: Call | None) -> bool:
    """Whether a command line makes an environment."""
    return call is not None and bool(environments.made_by(call))


def _lasts(target: object) -> bool:
    """Whether a redirect writes a file that stays."""
    text = getattr(target, "text", "") or ""
    return not re.match(r"[\"']?(?:/dev/|&|\d)", text)
