"""Credentials in URLs and variables: where they stand, and how they are kept from being shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from uvlint.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_URL = regex(r"https?://(?P<user>[^\s/@:'\"<>]*)(?::(?P<password>[^\s/@'\"<>]*))?@(?=[\w$\[{])")
_IN_ANY_URL = regex(r"[a-zA-Z][\w+.-]*://(?P<user>[^\s/@:'\"<>]*)(?::(?P<password>[^\s/@'\"<>]*))?@")
_NAMED = regex(r"(?<![\w$])(?P<name>[A-Z0-9_]*(?:PASSWORD|PASSWD|TOKEN|SECRET|API_KEY|ACCESS_KEY|SECRET_KEY))(?P<sign>=|(?<=[A-Z])[ ](?=\S+\s*\Z))(?P<quote>[\"']?)"
               r"(?P<value>[^\s\"'$]{4,})")  # fmt: skip
SECRET_NAME = regex(r"(?:\A|_)(?:PASSWORD|PASSWD|TOKEN|SECRET|API_KEY|ACCESS_KEY|SECRET_KEY|PAT)\Z", re.IGNORECASE)
"""A name (in any case) that says that its value is a secret."""
_VARIABLE = regex(r"\$(?:(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?:\}|:?-))")
_TOKEN = regex(r"(?:gh[a-z]_|github_pat_|glpat-|pypi-|npm_|dckr_pat_)\w+|[\w-]{30,}")


class Credential(NamedTuple):
    """A secret in a URL, at `[start, end)` of its text. `variable`: what it comes from, "" for one that is written out."""

    start: int
    end: int
    variable: str = ""
    password: bool = True


def in_urls(text: str) -> Iterator[Credential]:
    """The passwords and tokens in the URLs of a text; a name alone is none."""
    if "@" not in text:
        return
    for match in _IN_URL.finditer(text):
        group = "password" if match["password"] else "user"
        said = match[group]
        found = _VARIABLE.search(said)
        name = (found["name"] or found["braced"]) if found is not None else ""
        if found is None and ("$" in said or "`" in said):
            continue  # what a command prints
        if group == "user" and not (SECRET_NAME.search(name) if name else _TOKEN.fullmatch(said)):
            continue
        if said:
            yield Credential(*match.span(group), name, password=group == "password")


def masked(text: str) -> str:
    """The text as it may be shown: each secret in it as asterisks, one a character."""
    if "@" in text:
        text = _IN_ANY_URL.sub(_starred, text)
    return _NAMED.sub(lambda match: f"{match['name']}{match['sign']}{match['quote']}{'*' * len(match['value'])}", text)


def _starred(match: re.Match[str]) -> str:
    group = "password" if match["password"] else "user"
    said = match[group]
    if "$" in said or (group == "user" and not _TOKEN.fullmatch(said)):
        return match[0]
    start, end = (place - match.start() for place in match.span(group))
    return f"{match[0][:start]}{'*' * len(said)}{match[0][end:]}"
