"""pip's settings and uv's equals of them: a row is a `PIP_*` variable, or the key of pip.conf that it stands for.

Verified by running uv 0.13.8 against pip 23.0 to 26.3. uv reads none of pip's, and pip none of uv's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Equal(NamedTuple):
    """How uv is told what a variable of pip's says.

    `variables`: of uv, to be set to the same ("" where it has none); `options`: of `uv pip install`. `kind` is how the value
    is written: "value" (as it is), "list" (words), "commas" (pip's words, with commas for uv), "flag" (`=1`), "number".
    `fixed`: the value of uv's variable where it is always the same.
    """

    variables: tuple[str, ...]
    options: tuple[str, ...]
    kind: str
    fixed: str = ""


def _table(text: str) -> dict[str, Equal]:
    found: dict[str, Equal] = {}
    for line in filter(None, text.splitlines()):
        name, variables, options, kind, *fixed = (cell.strip() for cell in line.split("|"))
        found[name] = Equal(tuple(variables.split()), tuple(options.split()), kind, "".join(fixed))
    return found


EQUALS = _table("""
PIP_INDEX_URL             | UV_DEFAULT_INDEX                  | --default-index                  | value
PIP_EXTRA_INDEX_URL       | UV_INDEX                          | --extra-index-url                | list
PIP_TRUSTED_HOST          | UV_INSECURE_HOST                  | --allow-insecure-host            | list
PIP_FIND_LINKS            | UV_FIND_LINKS                     | --find-links                     | commas
PIP_CONSTRAINT            | UV_CONSTRAINT UV_BUILD_CONSTRAINT | --constraint --build-constraint  | list
PIP_BUILD_CONSTRAINT      | UV_BUILD_CONSTRAINT               | --build-constraint               | list
PIP_REQUIRE_HASHES        | UV_REQUIRE_HASHES                 | --require-hashes                 | flag   | 1
PIP_PRE                   | UV_PRERELEASE                     | --prerelease=allow               | flag   | allow
PIP_BREAK_SYSTEM_PACKAGES | UV_BREAK_SYSTEM_PACKAGES          | --break-system-packages          | flag   | 1
PIP_KEYRING_PROVIDER      | UV_KEYRING_PROVIDER               | --keyring-provider               | value
PIP_UPLOADED_PRIOR_TO     | UV_EXCLUDE_NEWER                  | --exclude-newer                  | value
PIP_DEFAULT_TIMEOUT       | UV_HTTP_TIMEOUT                   |                                  | number
PIP_TIMEOUT               | UV_HTTP_TIMEOUT                   |                                  | number
PIP_RETRIES               | UV_HTTP_RETRIES                   |                                  | number
PIP_NO_INDEX              |                                   | --no-index                       | flag
PIP_NO_DEPS               |                                   | --no-deps                        | flag
PIP_NO_DEPENDENCIES       |                                   | --no-deps                        | flag
PIP_FORCE_REINSTALL       |                                   | --reinstall                      | flag
PIP_NO_BINARY             |                                   | --no-binary                      | value
PIP_ONLY_BINARY           |                                   | --only-binary                    | value
""")
"""What uv has an equal of. `PIP_CONSTRAINT` holds for what builds a source distribution as well, up to pip 25.3."""

NEEDLESS = frozenset({
    "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_ROOT_USER_ACTION", "PIP_NO_INPUT", "PIP_NO_WARN_SCRIPT_LOCATION", "PIP_PROGRESS_BAR",
    "PIP_NO_PYTHON_VERSION_WARNING", "PIP_EXISTS_ACTION", "PIP_NO_COLOR", "PIP_NO_WARN_CONFLICTS", "PIP_USE_PEP517", "PIP_SRC",
    "PIP_NO_CLEAN", "PIP_RESUME_RETRIES",
})  # fmt: skip
"""What says how pip behaves or looks where uv has nothing to be told."""

CACHE = {"PIP_NO_CACHE_DIR": "UV_NO_CACHE", "PIP_CACHE_DIR": "UV_CACHE_DIR"}
"""pip's cache: where a cache mount holds uv's, nothing needs to be said of it."""

OFF = frozenset({"", "0", "false", "no", "off", "n", "f"})
KEYRINGS = frozenset({"disabled", "subprocess"})


def worth(name: str, value: str) -> str | None:
    """What uv's variable has to be for a value of pip's: "" for not set, None where uv has no equal."""
    row = EQUALS[name]
    match row.kind:
        case "flag":
            return row.fixed if value.lower() not in OFF else ""
        case "number":
            return value if value.isdecimal() else None
        case "commas":
            return None if "," in value else ",".join(value.split())
        case "list":
            return " ".join(value.split())
        case _:
            return None if name == "PIP_KEYRING_PROVIDER" and value not in KEYRINGS else value


def equals(settings: Mapping[str, str | None]) -> dict[str, str | None]:
    """uv's variables that say what pip's variables say; None where the value isn't known, or has no equal."""
    found: dict[str, str | None] = {}
    for name, value in settings.items():
        if name not in EQUALS:
            continue
        for variable in EQUALS[name].variables:
            if name == "PIP_CONSTRAINT" and variable == "UV_BUILD_CONSTRAINT" and settings.get("PIP_BUILD_CONSTRAINT"):
                continue
            said = None if value is None else worth(name, value)
            if said != "":
                found[variable] = said
    return found
