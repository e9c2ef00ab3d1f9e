"""What `verify` measures, with an engine that only notes what it is to build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from uvlint.config import Settings
from uvlint.verify import cost
from uvlint.verify.cost import Bench
from uvlint.verify.engines import Engine, Order, Request
from uvlint.verify.outcome import Built, Cost
from uvlint.verify.reports.live import Lines
from uvlint.verify.sides import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from uvlint.verify.progress import Progress

TEXT = "FROM a\nCOPY . .\n"


class Noting(Engine):
    """Builds nothing: `failing` are the builds that fail, counted from 0; `held` are the sources that it got."""

    def __init__(self, failing: Collection[int] = ()) -> None:
        super().__init__("docker")
        self.failing = failing
        self.held: list[str] = []

    def build(
        self, order: Order, _request: Request, _watch: Callable[[Progress], None] | None = None
    ) -> tuple[Built, str]:
        with open(f"{order.context}/app.py", encoding="utf-8") as file:
            self.held.append(file.read())
        return Built(1.0, failed="exit code: 1" if len(self.held) - 1 in self.failing else ""), ""


def measured(tmp_path: Path, engine: Engine, runs: int) -> tuple[dict[str, Cost], list[str]]:
    sides = []
    for name in ("before", "after"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "app.py").write_text("")
        sides.append(Subject(name, TEXT, str(folder / "Dockerfile"), str(folder), Settings(), copied=True))
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        bench = Bench(engine, Request(), (sides[0], sides[1]), str(tmp_path / "x"), "unique", Lines(nowhere))
        costs, broken = cost.measure(bench, (Built(1.0), Built(2.0)), (set(), set()), runs)
    return {one.kind: one for one in costs}, broken


def test_a_change_is_another_one_on_each_side_and_in_each_run(tmp_path: Path) -> None:
    """Else the second side would find the layers that the first one made."""
    engine = Noting()
    costs, _ = measured(tmp_path, engine, 2)
    assert (costs["source"].before, costs["source"].after) == ((1.0, 1.0), (1.0, 1.0))
    last = [held.splitlines()[-1] for held in engine.held if held]
    assert len(set(last)) == 4


@pytest.mark.parametrize(
    ("failing", "broken"),
    [({0}, []), ({0, 1}, []), ({1}, ["after a source file changed, the build after fails: exit code: 1"])],
    ids=["before", "both", "after"],
)
def test_a_rebuild_speaks_against_the_fix_where_it_only_fails_after(
    tmp_path: Path, failing: set[int], broken: list[str]
) -> None:
    costs, found = measured(tmp_path, Noting(failing), 1)
    assert found == broken
    assert costs["source"].before == ()
    assert "exit code: 1" in costs["source"].note


def test_what_was_measured_before_a_run_failed_is_told_with_its_number(tmp_path: Path) -> None:
    costs, found = measured(tmp_path, Noting({2}), 2)  # the second run goes the other way round
    assert (costs["cold"].before, costs["cold"].after) == ((1.0,), (2.0,))
    assert costs["cold"].note == "1 of 2 runs: the build after fails: exit code: 1"
    assert found == ["built again, the build after fails: exit code: 1"]


class Telling(Engine):
    """Runs nothing; `told` are the commands."""

    def tell(self, *args: str, timeout: float | None = None) -> str:
        del timeout
        self.told = [*getattr(self, "told", []), args]
        return "second\nfirst\n" if args[0] == "images" else ""


def test_the_images_without_a_name_that_podman_keeps_are_removed(tmp_path: Path) -> None:
    engine = Telling("podman")
    (tmp_path / "Dockerfile").write_text(TEXT)
    one = Subject("x", TEXT, str(tmp_path / "Dockerfile"), str(tmp_path), Settings(), copied=True)
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        bench = Bench(engine, Request(), (one, one), str(tmp_path / "x"), "unique", Lines(nowhere))
        built = [bench.order(0, run, cost.COLD).dockerfile for run in (0, 0)]
    with open(built[0], encoding="utf-8") as file:
        assert "LABEL uvlint.verify=unique-before-0\n" in file.read()
    engine.close()
    assert engine.told == [
        ("images", "--all", "--quiet", "--filter", "label=uvlint.verify=unique-before-0"),
        ("rmi", "--force", "second"),
        ("rmi", "--force", "first"),
    ]
