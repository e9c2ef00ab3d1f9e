"""One stage as two: what the proof refuses, and what becomes of the stages that continue it."""

from __future__ import annotations

import pytest

from reading import built
from services import GCC, INSTALL, START, UV, service, split, stages
from uvlint import parted

# The proof -------------------------------------------------------------------------------------------------------------

TEXT = service(
    "ENV A=1 PYTHONUNBUFFERED=1", GCC.strip(), "RUN mkdir /data", "COPY requirements.txt .",
    "RUN uv pip install --system -r requirements.txt", "COPY a b ./", "COPY --chown=app c ./", "USER app", "EXPOSE 80",
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("", "", None),
        ("\nUSER app\n", "\nUSER root\n", "the image's USER would be another"),
        ("EXPOSE 80", "EXPOSE 81", "the image's EXPOSE would be another"),
        ('CMD ["flask", "run"]', 'CMD ["flask"]', "the image's CMD would be another"),
        (
            "ENV A=1 PYTHONUNBUFFERED=1\nRUN apt",
            "ENV A=2 PYTHONUNBUFFERED=1\nRUN apt",
            "A would have another value in the image",
        ),
        ("RUN mkdir /data\n", "", "`mkdir /data` would no longer be run"),
        ("COPY a b ./\n", "", "`COPY a b ./` would be gone"),
        (
            "COPY a b ./\nCOPY --chown=app c ./",
            "COPY --chown=app c ./\nCOPY a b ./",
            "files would be copied in another order",
        ),
        ("COPY --from=builder /app/.venv /app/.venv\n", "", "the image would not have /app/.venv"),
        ("/app/.venv /app/.venv\n", "/app/.venv /srv/.venv\n", "the image would not have /app/.venv"),
        ('ENV PATH="/app/.venv/bin:$PATH"\nCOPY a', "COPY a", "PATH would not lead to /app/.venv"),
        ("uv pip install -r", "uv pip install --system -r", "packages would go elsewhere than to the environment"),
        ("\nCOPY a b", "\nRUN uv pip install x\nCOPY a b", "packages would be installed in the image as well"),
        ("\n\nFROM python:3.12-slim-bookworm\n", "\n\nFROM python:3.13-slim\n", "the stages would be others"),
        ("install -y gcc", "install -y", "`gcc` would no longer be installed"),
    ],
)
def test_the_two_stages_do_what_the_one_did(old: str, new: str, why: str | None) -> None:
    made = split(TEXT)
    assert old in made, made
    head, _, tail = made.rpartition(old) if old else (made, "", "")
    if old == "install -y gcc":
        head, _, tail = made.partition(old)
    assert parted.objection(built(TEXT), built(f"{head}{new}{tail}")) == why


# Stages that continue it -----------------------------------------------------------------------------------------------


def family(*lines: str) -> str:
    body = "".join(f"{line}\n" for line in lines)
    return f"{service(GCC.strip(), 'RUN uv pip install --system celery flask', end='')}\n{body}".replace(
        "FROM python:3.12-slim-bookworm", "FROM python:3.12-slim-bookworm AS base"
    )


def test_a_stage_that_services_continue_is_split_for_all_of_them() -> None:
    text = family(
        "FROM base AS worker", 'CMD ["celery", "worker"]', "", "FROM base AS web", "EXPOSE 80", 'CMD ["flask", "run"]'
    )
    made = split(text)
    assert made.startswith("FROM python:3.12-slim-bookworm AS builder\n")
    assert (
        "\n\nFROM python:3.12-slim-bookworm AS base\nWORKDIR /app\nCOPY --from=builder /app/.venv /app/.venv\n" in made
    )
    assert made.endswith(text[text.index("\nFROM base AS worker") :])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (
            ("FROM base AS test", "RUN uv pip install --system pytest", "FROM base", START.strip()),
            "line 9, in a stage that continues it",
        ),
        (("FROM base", "RUN make", START.strip()), "line 9, in a stage that continues it"),
        (
            ("FROM base AS worker", "CMD cron -f", "FROM base", START.strip()),
            "what `cron` starts may not find the environment",
        ),
        (
            ("FROM debian:12 AS other", "COPY --from=base /app /app", "FROM base", START.strip()),
            "line 9 copies from it",
        ),
        (("FROM base", "COPY --from=0 /app /b", START.strip()), "line 9 names a stage by its number"),
        (("FROM base", "RUN uv pip install --system six", START.strip()), "more than one of the stages"),
    ],
)
def test_what_continues_it_must_do_without_the_build(lines: tuple[str, ...], why: str) -> None:
    assert split(family(*lines)).startswith(f"no: {why}")


# What removes itself ---------------------------------------------------------------------------------------------------


def test_a_group_of_packages_goes_with_the_command_that_removes_it() -> None:
    text = service("RUN apk add --no-cache --virtual .build gcc musl-dev", "RUN uv pip install --system -r /r.txt", "RUN apk del .build",
                   "COPY app.py .", image="python:3.12-alpine")  # fmt: skip
    builder, final = stages(text)
    assert builder.endswith("RUN apk del .build\n")
    assert "apk" not in final


def test_lists_may_be_removed_where_they_were_installed_from() -> None:
    text = service("COPY requirements.txt .", "RUN uv pip install --system -r requirements.txt && rm requirements.txt")
    builder, final = stages(text)
    assert "&& rm requirements.txt" in builder
    assert "requirements.txt" not in final


def test_a_setting_that_leads_past_the_environment_is_left_out() -> None:
    text = service("ENV MODE=prod UV_SYSTEM_PYTHON=1 UV_NO_CACHE=1", "RUN uv pip install flask")
    builder, final = stages(text)
    assert "ENV MODE=prod UV_NO_CACHE=1\n" in builder
    assert "ENV MODE=prod\n" in final


# Stages that it continues ----------------------------------------------------------------------------------------------


def test_a_stage_that_continues_settings_is_split_below_them() -> None:
    base = "FROM python:3.12-slim AS base\nENV PYTHONUNBUFFERED=1\nWORKDIR /app\n"
    made = split(f"{base}\nFROM base AS app\n{GCC}{UV}{INSTALL}{START}")
    assert made.startswith(f"{base}\nFROM base AS builder\n")
    assert (
        f'\n\nFROM base AS app\nCOPY --from=builder /app/.venv /app/.venv\nENV PATH="/app/.venv/bin:$PATH"\n{START}'
        in made
    )


@pytest.mark.parametrize(
    ("base", "why"),
    [
        (GCC, "`gcc` is installed in a stage that it continues"),
        (f"{UV}{INSTALL}", "more than one of the stages that it continues installs packages"),
        ("ENV UV_SYSTEM_PYTHON=1\n", "packages would go elsewhere than to the environment"),
    ],
)
def test_what_it_continues_must_not_be_for_the_build(base: str, why: str) -> None:
    text = (
        f"FROM python:3.12-slim AS base\nWORKDIR /app\n{base}\nFROM base\n{UV}{INSTALL.replace(' --system', '')}{START}"
    )
    assert (
        split(text if "SYSTEM" in base else text.replace("uv pip install flask", "uv pip install --system flask"))
        == f"no: {why}"
    )
