"""What the tests of `uvlint migrate` share: a project as it becomes, and how a run ended."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
DOCKERFILE = f"""FROM python:{PYTHON}-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "main.py"]
"""


class Outcome(NamedTuple):
    """What a run said and how it ended."""

    status: int
    out: str
    err: str


Make = Callable[..., Path]
Run = Callable[..., Outcome]


def tree(root: Path) -> dict[str, bytes]:
    return {str(one.relative_to(root)): one.read_bytes() for one in sorted(root.rglob("*")) if one.is_file()}


def versions(root: Path) -> dict[str, str]:
    lock = tomllib.loads((root / "uv.lock").read_text())
    return {one["name"]: one.get("version", "") for one in lock["package"] if "registry" in one["source"]}


def tables(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def pipfile(more: str = "") -> str:
    return (
        '[[source]]\nurl = "https://a.example/simple"\nverify_ssl = true\nname = "pypi"\n\n[packages]\nflask = "*"\n'
        f'{more}\n[dev-packages]\npytest = "*"\n\n[requires]\npython_version = "{PYTHON}"\n'
    )
