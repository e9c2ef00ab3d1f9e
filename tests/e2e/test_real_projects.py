"""Real projects of the corpus, their sources empty: built before and after all fixes, the images hold the same packages.

`UVLINT_E2E=all` builds those that take minutes as well.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness import at_once, everywhere, fixed, same_packages
from real_projects import PROJECTS, Project

if TYPE_CHECKING:
    from harness import Engine

pytestmark = pytest.mark.engine
CORPUS = Path(os.environ.get("UVLINT_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")


def row(name: str) -> dict[str, Any]:
    path = CORPUS / "projects.jsonl"
    if not path.is_file():
        pytest.skip("the corpus has no projects.jsonl here")
    with path.open(encoding="utf-8") as lines:
        return next(one for one in map(json.loads, lines) if one["name"] == name)


def write(files: dict[str, str], project: Project, folder: Path) -> None:
    """The project's files with its changes, in the folder."""
    copies = {path: files[origin] for path, origin in project.copies.items()}
    for path, text in {**files, **copies, **project.files}.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        for old, new in project.changes.get(path, ()):
            text, found = re.subn(old, new, text, flags=re.MULTILINE | re.DOTALL)  # noqa: PLW2901 - one change after another
            assert found, (path, old)
        place.write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            place.chmod(0o755)


@pytest.mark.parametrize("options", [(), ("--unsafe-fixes",)], ids=["safe", "unsafe"])
@pytest.mark.parametrize("name", PROJECTS)
def test_a_real_project_builds_the_same(engine: Engine, tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    project, found = PROJECTS[name], row(name)
    if project.heavy and os.environ.get("UVLINT_E2E") != "all":
        pytest.skip("takes minutes: UVLINT_E2E=all builds it")
    if not engine.has(project.needs):
        pytest.skip(f"there is no {project.needs} here")
    for base, text in project.bases.items():
        engine.stand_in(base, text)
    context, original = tmp_path / "after", tmp_path / "before"
    write(found["files"], project, context)
    shutil.copytree(context, original)
    dockerfile = context / found["dockerfile"]
    before_text = dockerfile.read_text(encoding="utf-8")
    text = fixed(dockerfile, *options)
    if project.moves == "safe" or (project.moves and options):
        assert "uv pip install" in text, text
    before, after = at_once(
        lambda: engine.build(original, before_text, target=project.target),
        lambda: engine.build(context, text, target=project.target),
    )
    packages, packages_after = at_once(lambda: engine.packages(before), lambda: engine.packages(after))
    assert any(project.holds in installed for installed in packages.values())
    if options:
        assert everywhere(packages) == everywhere(packages_after), text
    else:
        assert same_packages(packages, packages_after), text
    assert engine.inspect(before)[:6] == engine.inspect(after)[:6]
    assert fixed(dockerfile, *options) == text
