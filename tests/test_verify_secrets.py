"""What `verify` reports of secrets: that they are there, and not what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from uvlint.verify import compare, outcome, secrets
from uvlint.verify.engines import Request
from uvlint.verify.outcome import Built, Config, Image, Layer, Outcome, Side, Step

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("spec", "env"),
    [
        ("id=pip,src={0}", {}),
        ("id=pip,source={0},type=file", {}),
        ("id=pip,env=NAME", {"NAME": "opensesame"}),
        ("type=env,id=pip,src=NAME", {"NAME": "opensesame"}),
        ("id=NAME", {"NAME": "opensesame"}),
        ("id={0}", {}),
    ],
)
def test_a_secret_is_known_wherever_it_comes_from(tmp_path: Path, spec: str, env: dict[str, str]) -> None:
    place = tmp_path / "secret"
    place.write_text("opensesame\n")
    assert secrets.told(Request(secrets=(spec.format(place),)), env) == {"opensesame"}


def test_a_secret_of_several_lines_is_known_by_each_and_by_its_values(tmp_path: Path) -> None:
    place = tmp_path / "secret"
    place.write_text("[global]\nindex-url = https://me:opensesame@a.example/\nAPI_TOKEN='abcdefgh'\nx\n")
    found = secrets.told(Request(secrets=(f"id=x,src={place}",)), {})
    assert {"opensesame", "abcdefgh"} <= found
    assert "x" not in found


def test_a_secret_that_is_not_there_is_for_the_engine_to_tell(tmp_path: Path) -> None:
    assert secrets.told(Request(secrets=(f"id=x,src={tmp_path / 'missing'}", f"id=y,src={tmp_path}", "")), {}) == set()


def test_build_arguments_are_secrets_by_their_names_and_in_urls() -> None:
    given = Request(("API_TOKEN=opensesame", "VERSION=12345", "INDEX=https://me:abcdefgh@a.example/", "DB_PASSWORD"))
    assert secrets.told(given, {"DB_PASSWORD": "from outside"}) == {"opensesame", "abcdefgh", "from outside"}


def test_what_a_build_prints_of_a_secret_is_not_reported() -> None:
    built = Built(1.0, (Step("RUN echo opensesame", 0.0),), "opensesame: no", "RUN opensesame", ("said opensesame",))
    config = Config(("run", "opensesame"), env={"API_TOKEN": "abc", "A": "opensesame"}, labels={"token": "def"})
    side = Side("x", built, Image(0, config, (Layer("RUN opensesame", 0),)))
    found = secrets.hidden(Outcome(outcome.EQUIVALENT, "x", "", side, side, ("opensesame",)), {"opensesame"})
    stars = "*" * len("opensesame")
    assert found.reasons == (stars,)
    assert found.before.build == Built(
        1.0, (Step(f"RUN echo {stars}", 0.0),), f"{stars}: no", f"RUN {stars}", (f"said {stars}",)
    )
    assert found.after.image is not None
    assert found.after.image.config.env == {"API_TOKEN": "***", "A": stars}
    assert found.after.image.config.labels == {"token": "***"}
    assert found.after.image.layers[0].instruction == f"RUN {stars}"


def test_a_secret_that_is_a_word_of_this_program_leaves_its_words_alone() -> None:
    lost = outcome.PackageChange("/usr", "x", outcome.LOST, "1", None)
    found = Outcome(
        outcome.DIFFERENT, "x", "", Side("x"), Side("x"), packages=(lost,), costs=(outcome.Cost("source", "source"),)
    )
    words = {outcome.DIFFERENT, outcome.LOST, "source"}
    shown = secrets.hidden(found, words)
    assert (shown.verdict, shown.packages[0].kind, shown.costs[0].kind) == (outcome.DIFFERENT, outcome.LOST, "source")
    assert shown.costs[0].what == "******"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("DB_PASSWORD", "hunter22", "hunter33"),
        ("INDEX", "https://me:hunter22@a.example/", "https://me:hunter33@a.example/"),
    ],
)
def test_another_secret_is_another_one_though_neither_is_shown(name: str, before: str, after: str) -> None:
    changed = compare.config(Config(env={name: before}), Config(env={name: after}))
    assert [(one.field, one.counts) for one in changed] == [(f"env {name}", True)]
    assert "hunter" not in str(changed)
