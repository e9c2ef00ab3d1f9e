"""The two files that are slow to build, before and after: the images hold the same."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from harness import BACKENDS, INSTALLERS, ROOT, Image, everywhere, fixed, same_packages, uvlint

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Engine

pytestmark = pytest.mark.engine
EXAMPLES = ["legacy", "misordered"]
TOOLS = INSTALLERS | BACKENDS | {"_distutils_hack", "pkg_resources", "distutils-precedence"}


@pytest.fixture(params=EXAMPLES)
def context(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "examples" / request.param, tmp_path / "context")


def runs_alike(before: Image, after: Image) -> bool:
    """Whether it starts the same: variables may be added, none may be lost or changed."""
    return before[:-1] == after[:-1] and before.env.items() <= after.env.items()


def test_safe_fixes_keep_the_image(engine: Engine, context: Path) -> None:
    dockerfile = context / "Dockerfile"
    original = dockerfile.read_text(encoding="utf-8")
    before = engine.build(context, original)
    text = fixed(dockerfile)
    assert text != original
    assert "uv pip install" in text
    after = engine.build(context, text)
    (packages, compiled), (packages_after, compiled_after) = engine.contents(before), engine.contents(after)
    assert {"fastapi", "uvicorn", "starlette"} <= packages["/usr/local"].keys()
    assert same_packages(packages, packages_after)
    assert compiled["/usr/local"] - TOOLS <= compiled_after["/usr/local"]
    assert runs_alike(engine.inspect(before), engine.inspect(after))
    assert engine.run(after, ["python", "-c", "import main; print(main.app.routes[-1].path)"]) == "/\n"
    assert fixed(dockerfile) == text


def test_unsafe_fixes_make_two_stages_and_leave_nothing_to_find(engine: Engine, context: Path) -> None:
    dockerfile = context / "Dockerfile"
    before = engine.build(context, dockerfile.read_text(encoding="utf-8"))
    text = fixed(dockerfile, "--unsafe-fixes")
    assert text.count("FROM python") == 2
    after = engine.build(context, text)
    assert everywhere(engine.packages(before)) == everywhere(engine.packages(after))
    was, now = engine.inspect(before), engine.inspect(after)
    assert (was.cmd, was.user, was.workdir) == (now.cmd, now.user, now.workdir)
    assert engine.run(after, ["python", "-c", "import main; print(main.app.routes[-1].path)"]) == "/\n"
    assert fixed(dockerfile, "--unsafe-fixes") == text
    left = uvlint("check", dockerfile)
    assert left.returncode == 0, left.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_original_is_found_slow(name: str) -> None:
    """The example is what it is for: it draws findings, and a diff is on offer."""
    folder = ROOT / "examples" / name
    assert uvlint("check", folder).returncode == 1
    assert "uv pip install" in uvlint("check", "--diff", folder).stdout
