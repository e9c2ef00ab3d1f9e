"""What is given to a build and must not be seen in a report: the secrets, and arguments and variables named as such."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from uvlint.credentials import SECRET_NAME, in_urls, masked
from uvlint.lazy import regex
from uvlint.verify.outcome import Config

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from uvlint.verify.engines import Request

_LEAST = 4
"""Shorter values are no secrets, and would be found in any word."""
_MOST = 1 << 20
"""Bytes; a larger file is not printed by a build."""
_SETTING = regex(r"""\s*(?:export\s+)?["']?(?P<name>[\w.-]+)["']?\s*[=:]\s*["']?(?P<value>[^\s"',]+)""")

_OURS = frozenset({"verdict", "kind", "version"})
"""Fields of an outcome that hold words of this program: one of them may be somebody's password."""

_T = TypeVar("_T")


def told(request: Request, env: Mapping[str, str]) -> set[str]:
    """The texts that no report may hold: what `--secret` names, and the build arguments that are secrets by name."""
    found = {line for secret in request.secrets for line in _lines(_content(secret, env))}
    for name, value in request.arguments(env).items():
        if SECRET_NAME.search(name):
            found.add(value)
        found.update(value[one.start : one.end] for one in in_urls(value))
    return {one for one in found if len(one) >= _LEAST}


def _content(secret: str, env: Mapping[str, str]) -> str:
    """What a secret holds, found as docker finds it: `id=pip,src=FILE`, `id=token,env=NAME`, or the id is either."""
    keys = dict(part.partition("=")[::2] for part in secret.split(","))
    place, variable = keys.get("src") or keys.get("source") or "", keys.get("env", "")
    if keys.get("type") == "env" and not variable:
        place, variable = "", place
    if not place and not variable:
        place, variable = (keys.get("id", ""),) * 2
        place = "" if variable in env else place
    if not place:
        return env.get(variable, "")
    try:
        with open(place, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST)
    except (OSError, ValueError):
        return ""  # the engine will say so


def _lines(text: str) -> Iterator[str]:
    """The secrets in a text: its lines, and in a list of settings the values of those that are secrets by name."""
    for line in text.splitlines():
        yield line.strip()
        found = _SETTING.match(line)
        if found and SECRET_NAME.search(found["name"]):
            yield found["value"]
        yield from (line[one.start : one.end] for one in in_urls(line))


def kept(name: str, value: str | None) -> str | None:
    """The value of a variable or label as it may be shown."""
    if value is None:
        return None
    return "*" * len(value) if SECRET_NAME.search(name) else masked(value)


def named(variables: Mapping[str, str]) -> set[str]:
    """The values of those variables that are secrets by name."""
    return {value for name, value in variables.items() if SECRET_NAME.search(name) and len(value) >= _LEAST}


def hidden(found: _T, values: Collection[str]) -> _T:
    """Plain data without secrets: each that is among the values, or is seen to be one, as asterisks."""
    ordered = sorted(values, key=len, reverse=True)
    return cast("_T", _hidden(found, ordered))


def _hidden(found: Any, values: list[str]) -> Any:
    if isinstance(found, str):
        text = masked(found)
        for value in values:
            text = text.replace(value, "*" * len(value))
        return text
    if isinstance(found, tuple):
        return tuple(_hidden(one, values) for one in found)
    if isinstance(found, Config):
        found = replace(found, env=_named(found.env), labels=_named(found.labels))
    if isinstance(found, dict):
        return {name: _hidden(value, values) for name, value in found.items()}
    if is_dataclass(found) and not isinstance(found, type):
        named = [one.name for one in fields(found) if one.name not in _OURS]
        return replace(found, **{name: _hidden(getattr(found, name), values) for name in named})
    return found


def _named(variables: dict[str, str]) -> dict[str, str]:
    return {name: kept(name, value) or "" for name, value in variables.items()}
