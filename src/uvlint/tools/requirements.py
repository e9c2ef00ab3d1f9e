"""Requirement files as pip reads them, and what uv reads otherwise.

pip's file format: one requirement or option a line, ` #` comments, `\\` continuations, `${VAR}`. The findings are those in
which uv 0.13 was seen to differ from pip 23 to 26.
"""

from __future__ import annotations

import re

from uvlint.lazy import regex
from uvlint.record import field, record

_DIVIDERS = regex(r"[-_.]+")
_CONTINUATION = regex(r"\\\r?\n")
_COMMENT = regex(r"(?:^|\s+)#.*$")
_NAME = regex(r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*(?P<rest>.*)\Z", re.DOTALL)
_SPECIFIER = regex(r"(?P<operator>===|[=<>!~]=|[<>])\s*(?P<version>[^,;\s)#]+)")
_PRERELEASE = regex(r"\d(?:[._-]?(?:a|b|c|rc|alpha|beta|pre|preview)[._-]?\d*|[._-]?dev\d*)", re.IGNORECASE)
_OPTION = regex(r"(?P<name>--?[A-Za-z][\w-]*)(?:\s*=\s*|\s+|\Z)(?P<value>.*)\Z", re.DOTALL)
_SHORT = regex(r"(?P<name>-[rcief])(?P<value>[^\s=-].*)\Z")
_VCS = regex(r"(?:.*@\s*)?(?P<kind>git|hg|svn|bzr)\+(?P<rest>\S*)")
_ARCHIVE = regex(r"\.(?:whl|zip|gz|tgz|bz2)\b")
_KNOWN = frozenset(
    [
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--no-index",
        "--no-binary",
        "--only-binary",
        "-e",
        "--editable",
        "--require-hashes",
    ]
)
_REFUSED = {"--prefer-binary": "uv has no `--prefer-binary`", "--use-feature": "uv ignores `--use-feature`"}
CLASHES = (
    frozenset({"opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"}),
)
"""Distributions that write the same files: which one wins varies under uv."""


@record(eq=True)
class Scan:
    """What requirement lines ask for, as far as pip and uv differ over it.

    `refused`: what uv refuses or reads otherwise; `nested`: other files, as written; `prereleases`: names whose specifier
    allows a pre-release that uv would not take.
    """

    refused: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    prereleases: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)
    index: bool = False
    extra_index: bool = False
    find_links: bool = False
    hashes: bool = False
    pre: bool = False
    local: bool = False
    git: bool = False
    pinned: bool = True


def scan(data: bytes) -> Scan:
    """Reads a whole file."""
    found = Scan()
    text = _decoded(data)
    if text is None:
        found.refused.append("it is not UTF-8, which uv requires")
        return found
    for match in re.finditer(r"(?:[^\n\\]|\\(?!\r?\n)|\\\r?\n)+", text):
        raw = match[0]
        line = _COMMENT.sub("", _CONTINUATION.sub(" ", raw)).strip()
        if not line:
            continue
        if line.startswith("-"):
            _option(line, found)
        else:
            if "\\" in raw and not re.match(r"[^\\]*\s\\\r?\n\s*(?:--hash|;|#)", raw) and _mid_specifier(raw):
                found.refused.append(f"`{line.split()[0]}` is continued in the middle, which uv can't read")
            requirement(line, found)
    return found


def _mid_specifier(raw: str) -> bool:
    first, _, rest = raw.partition("\\")
    return bool(re.match(r"\s*\r?\n\s*[=<>!~\[,@\d]", rest)) and "--hash" not in first


def _decoded(data: bytes) -> str | None:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _option(line: str, found: Scan) -> None:
    match = _SHORT.match(line) or _OPTION.match(line)
    if match is None:
        found.refused.append(f"`{line.split(maxsplit=1)[0]}` is not an option that uv knows")
        return
    name, value = match["name"], match["value"].strip()
    if name in {"-r", "--requirement", "-c", "--constraint"}:
        found.nested.append(value)
    elif name in {"-i", "--index-url"}:
        found.index = True
    elif name == "--extra-index-url":
        found.extra_index = True
    elif name in {"-f", "--find-links"}:
        found.find_links = True
    elif name == "--pre":
        found.pre = True
    elif name == "--trusted-host":
        found.trusted.append(value)
    elif name in {"-e", "--editable"}:
        editable(value, found)
    elif name not in _KNOWN:
        found.refused.append(_REFUSED.get(name, f"`{name}` is not an option that uv knows in a requirements file"))


def editable(value: str, found: Scan) -> None:
    """An `-e` requirement."""
    if _VCS.match(value):
        found.refused.append("uv can't install an editable from version control")
    found.local = True


def requirement(line: str, found: Scan) -> None:
    """One requirement, on a line or as a word of a command."""
    vcs = _VCS.match(line)
    if vcs is not None:
        found.pinned = False
        found.git = True
        if vcs["kind"] != "git" or vcs["rest"].startswith(("git://", "git@")):
            found.refused.append(f"uv can't install from `{vcs['kind']}+{vcs['rest'][:12]}…`")
        return
    if " --hash" in line:
        found.hashes = True
    for option in ("--config-settings", "--global-option", "--install-option"):
        if f" {option}" in line:
            found.refused.append(f"uv can't read `{option}` on a requirement")
    if line.startswith((".", "/", "file:")) or re.match(r"[^\s@]*\.(?:whl|zip|tar\.\w+|tgz)(?:\s|\Z)", line):
        if ".tar.bz2" in line:
            found.refused.append("uv can't install a `.tar.bz2`")
        if not re.search(r"\.(?:whl|zip|gz|tgz|bz2)\b", line):
            found.local = True
        return
    _named(line, found)


def normalised(name: str) -> str:
    """A name of a distribution, a group or an extra as indexes and uv compare it (PEP 503)."""
    return _DIVIDERS.sub("-", name).lower()


def is_folder(text: str) -> bool:
    """Whether a requirement such as `libs/mine` names a folder: no wheel, archive or address."""
    return "/" in text and not re.search(r"[@:\s]", text) and not _ARCHIVE.search(text)


def _named(line: str, found: Scan) -> None:
    match = _NAME.match(line)
    if match is None:
        return
    name = normalised(match["name"])
    found.names.append(name)
    rest = match["rest"].partition(";")[0].partition(" --")[0]
    if is_folder(line.partition(";")[0].strip()):
        found.local = True
        return
    if rest.lstrip().startswith("@"):
        if "file:" in rest and not _ARCHIVE.search(rest):
            found.local = True
        if "file:" not in rest and "://" in rest and ".tar.bz2" in rest:
            found.refused.append("uv can't install a `.tar.bz2`")
        return
    specifiers = _SPECIFIER.findall(rest)
    if not any(operator in {"==", "==="} and "*" not in version for operator, version in specifiers):
        found.pinned = False
    for operator, version in specifiers:
        if ("*" in version and operator not in {"==", "!="}) or (
            not version[:1].isdigit()
            and not version.lower().startswith("v")
            and operator != "==="
            and "$" not in version
        ):
            found.refused.append(f"uv refuses the legacy specifier `{name}{operator}{version}`")
        elif operator not in {"==", "===", "!="} and _PRERELEASE.search(version) and name not in found.prereleases:
            found.prereleases.append(name)


def clashing(names: list[str]) -> list[str]:
    """Those of the names that write the same files as another."""
    for group in CLASHES:
        both = sorted(group & set(names))
        if len(both) > 1:
            return both
    return []
