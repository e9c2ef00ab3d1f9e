"""A Dockerfile linter and auto-fixer for Python images.

`check` and `fix` do to one text what the command line does to files; the four classes are what they speak of. Everything
else in the package may change from one release to the next.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which costs 5 ms to import
if TYPE_CHECKING:
    from typing import Any, AnyStr

    from uvlint.config import Settings
    from uvlint.context import Context
    from uvlint.diagnostics import Diagnostic, Edit, Fix, Safety
    from uvlint.source import Source

__all__ = ["Diagnostic", "Edit", "Fix", "Safety", "check", "fix"]


def check(text: str | bytes, *, path: str | None = None, **settings: Any) -> list[Diagnostic]:
    """The findings in a Dockerfile, in order of their places, which count characters of the decoded text.

    `path` is where the text belongs: the files that it copies are looked for beside it, and `per_file_ignores` goes by
    it; without one no file is read. `settings` are keys of the configuration, with underscores (`select`, `uv_version`,
    `cache_mounts` …); configuration files are not read.

    Raises: uvlint.config.ConfigError for a selector that names no rule, TypeError for an unknown setting.
    """
    from uvlint import engine  # noqa: PLC0415 - so that importing the package costs nothing

    source, chosen, context = _given(text, path, settings)
    return engine.check(source, chosen, context=context)


def fix(text: AnyStr, *, path: str | None = None, unsafe: bool = False, **settings: Any) -> AnyStr:
    """A Dockerfile with every safe fix applied, and with `unsafe` the others as well.

    `path` and `settings` are those of `check`. Raises: as `check`, and RuntimeError, naming the rules, where fixes undo
    each other or what they made of the text could not be proved.
    """
    from uvlint import engine  # noqa: PLC0415 - as in `check`

    source, chosen, context = _given(text, path, settings)
    fixed = engine.fix(source, chosen, unsafe=unsafe, context=context)
    if fixed.error is not None:
        raise RuntimeError(fixed.error)
    return fixed.source.encode() if isinstance(text, bytes) else fixed.source.text


def _given(text: str | bytes, path: str | None, settings: dict[str, Any]) -> tuple[Source, Settings, Context | None]:
    from uvlint import config, context, rules  # noqa: PLC0415 - as in `check`
    from uvlint.source import Source  # noqa: PLC0415 - as in `check`

    place = path or "-"
    source = Source.decode(text, place) if isinstance(text, bytes) else Source(text, place)
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in settings.items()}
    chosen = config.Settings(**values)
    config.verify(chosen, rules.load())
    return source, chosen, context.find(place, writable=False)


def __getattr__(name: str) -> Any:
    """The classes, imported when first asked for."""
    if name in __all__:
        from uvlint import diagnostics  # noqa: PLC0415 - as in `check`

        return getattr(diagnostics, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
