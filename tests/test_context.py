"""The build context: what COPY can reach, where it ends up, and what an install reads of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading import built, installs_of, step
from uvlint import context, engine, reads
from uvlint.config import Settings
from uvlint.context import Context
from uvlint.dockerignore import Ignore
from uvlint.reads import Reads
from uvlint.source import Source

FILES = {
    "requirements.txt": "flask==3.0.3\n",
    "requirements-dev.txt": "pytest\n",
    "requirements/base.txt": "django\n",
    "requirements/prod.txt": "-r base.txt\n-c ../constraints.txt\n",
    "constraints.txt": "django==5\n",
    "src/requirements.txt": "numpy\n",
    "src/app.py": "",
    "pyproject.toml": "[project]\nname = 'app'\n",
}


def read(text: str, files: dict[str, str] | None = FILES, index: int = -1) -> Reads:
    """What an install of a Dockerfile reads, the last one unless told."""
    return reads.of(installs_of(text, files)[index])


def found(text: str, path: str, files: dict[str, str] | None = FILES) -> str | None:
    """The file of the context that stands at a path of the image before the last RUN."""
    build = built(text, files)
    run = [one for one in build.stages[-1].steps if one.instruction.keyword == "RUN"][-1]
    origin = context.origin(run, path)
    return None if origin is None else origin.path


# .dockerignore ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "hidden", "seen"),
    [
        ("*.txt", ["a.txt"], ["sub/a.txt", "a.txt.in"]),
        ("**/*.txt", ["a.txt", "sub/a.txt", "sub/sub/a.txt"], ["a.md"]),
        ("docs", ["docs", "docs/a.txt", "docs/sub/a.txt"], ["src/docs", "docs.txt"]),
        ("/docs/", ["docs", "docs/a.txt"], ["src/docs/a.txt"]),
        ("./docs/../src", ["src/a.txt"], ["docs/a.txt"]),
        ("docs/**", ["docs/a.txt", "docs/sub/a.txt"], ["docs"]),
        ("**", ["a", "sub/a"], []),
        ("*\n!requirements.txt", ["a.py", "src/a.py"], ["requirements.txt"]),
        ("docs\n!docs/a.txt", ["docs/b.txt"], ["docs/a.txt"]),
        ("*\n!src\nsrc/*.pyc", ["a", "src/a.pyc"], ["src/a.py", "src/sub/a.pyc"]),
        ("! a.txt\n", [], ["a.txt"]),
        ("# docs\n\n  docs  \n", ["docs"], ["# docs"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("[ab].txt\n[^xy].md", ["a.txt", "b.txt", "z.md"], ["c.txt", "x.md"]),
        (r"a\*b", ["a*b"], ["aab"]),
        ("a[", [], ["a["]),
        ("a+(b)", ["a+(b)"], ["aab"]),
        ("sub/*/c", ["sub/b/c", "sub/b/c/d"], ["sub/c", "sub/a/b/c"]),
    ],
)
def test_dockerignore_matches_as_docker_does(patterns: str, hidden: list[str], seen: list[str]) -> None:
    ignore = Ignore(patterns)
    assert [path for path in [*hidden, *seen] if ignore.hides(path)] == hidden


PARTS = st.text("ab*.?[]!\\/ ", max_size=6)


@given(st.lists(PARTS, max_size=4), st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=3))
def test_any_dockerignore_can_be_read_and_a_last_star_hides_all(lines: list[str], parts: list[str]) -> None:
    path = "/".join(parts)
    assert Ignore("\n".join(lines)).hides(path) in {True, False}
    assert Ignore("\n".join([*lines, "**"])).hides(path)
    assert not Ignore("\n".join([*lines, "!**"])).hides(path)


# Files -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("requirements.txt", b"flask==3.0.3\n"),
        ("./requirements.txt", b"flask==3.0.3\n"),
        ("/requirements.txt", b"flask==3.0.3\n"),
        ("src/../requirements.txt", b"flask==3.0.3\n"),
        ("src", None),
        ("missing.txt", None),
        ("../requirements.txt", None),
        ("src/../../requirements.txt", None),
    ],
)
def test_a_context_reads_its_own_files_only(path: str, expected: bytes | None) -> None:
    assert Context.of(FILES).read("", path) == expected


def test_dockerignore_hides_a_file_and_the_dockerfiles_own_ignores_come_first() -> None:
    files = {**FILES, ".dockerignore": "*.txt"}
    assert Context.of(files).read("", "requirements.txt") is None
    assert Context.of(files).exists("", "requirements.txt")
    files["Dockerfile.dockerignore"] = "src"
    assert Context.of(files).read("", "requirements.txt") == b"flask==3.0.3\n"
    assert Context.of(files).read("", "src/requirements.txt") is None


def made(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_context_on_the_disk_ends_at_the_root_of_the_repository(tmp_path: Path) -> None:
    made(tmp_path, {"outside.txt": "", "repo/.git/config": "", "repo/a.txt": "a", "repo/docker/web/Dockerfile": ""})
    seen = context.find(str(tmp_path / "repo/docker/web/Dockerfile"))
    assert seen is not None
    assert seen.folders == [str(tmp_path / "repo" / one) for one in ("docker/web", "docker")] + [str(tmp_path / "repo")]
    assert seen.read(str(tmp_path / "repo"), "a.txt") == b"a"
    assert seen.read(str(tmp_path / "repo"), "../outside.txt") is None


def test_without_a_repository_only_the_dockerfiles_folder_is_looked_into(tmp_path: Path) -> None:
    made(tmp_path, {"docker/Dockerfile": "", "requirements.txt": ""})
    seen = context.find(str(tmp_path / "docker/Dockerfile"))
    assert seen is not None
    assert seen.folders == [str(tmp_path / "docker")]


def test_text_without_a_place_has_no_context() -> None:
    assert context.find("-") is None
    assert context.find("") is None


def test_a_link_is_followed_within_the_context_and_leads_nowhere_outside(tmp_path: Path) -> None:
    made(tmp_path, {"secret.txt": "flask", "app/real.txt": "six", "app/Dockerfile": ""})
    (tmp_path / "app/inside.txt").symlink_to("real.txt")
    (tmp_path / "app/outside.txt").symlink_to("../secret.txt")
    (tmp_path / "app/dangling.txt").symlink_to("nowhere")
    seen = context.find(str(tmp_path / "app/Dockerfile"))
    assert seen is not None
    folder = str(tmp_path / "app")
    read = {name: seen.read(folder, f"{name}.txt") for name in ("inside", "outside", "dangling")}
    assert read == {"inside": b"six", "outside": None, "dangling": None}


def test_what_is_no_plain_file_or_too_large_is_not_read(tmp_path: Path) -> None:
    made(tmp_path, {"Dockerfile": "", "large.txt": "x" * 2_000_001})
    os.mkfifo(tmp_path / "pipe.txt")
    seen = context.find(str(tmp_path / "Dockerfile"))
    assert seen is not None
    assert seen.read(str(tmp_path), "large.txt") is None
    assert seen.read(str(tmp_path), "pipe.txt") is None


# Which folder is the context ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dockerfile", "names", "expected"),
    [
        ("COPY requirements.txt .", ["docker/web/Dockerfile", "requirements.txt"], ""),
        ("COPY requirements.txt .", ["docker/web/Dockerfile", "docker/requirements.txt"], "docker"),
        ("COPY requirements.txt .", ["docker/web/requirements.txt", "requirements.txt"], "docker/web"),
        ("COPY src requirements.txt ./", ["docker/web/requirements.txt", "requirements.txt", "src/a.py"], ""),
        ("COPY . .", ["docker/web/Dockerfile"], "docker/web"),
        ("COPY . .\nRUN pip install -r requirements.txt", ["docker/web/Dockerfile", "requirements.txt"], ""),
        ("COPY . /a\nRUN pip install -r /a/requirements.txt", ["docker/web/Dockerfile", "requirements.txt"], ""),
        ("COPY missing.txt .", ["docker/web/Dockerfile"], None),
        ("COPY *.txt https://example.org/a $UNKNOWN ./", ["docker/web/Dockerfile"], "docker/web"),
        ("COPY --from=other /a /b", ["docker/web/Dockerfile"], "docker/web"),
        ("ONBUILD COPY missing.txt .", ["docker/web/Dockerfile"], "docker/web"),
    ],
)
def test_the_context_is_the_nearest_folder_with_all_that_is_copied_and_installed(
    dockerfile: str, names: list[str], expected: str | None
) -> None:
    seen = Context.of(dict.fromkeys(names, ""), "docker/web/Dockerfile")
    build = engine.read(Source(f"FROM python:3.12\nWORKDIR /app\n{dockerfile}\n"), Settings(), seen)
    assert context.root(build) == expected


def test_without_files_to_be_seen_there_is_no_root() -> None:
    assert context.root(built("FROM a\nCOPY . .\n")) is None


# COPY ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("COPY a b /c/", ["a", "b"]),
        ('COPY ["a b", "c", "/d/"]', ["a b", "c"]),
        ("ADD a https://example.org/b.tgz /c/", ["a", "https://example.org/b.tgz"]),
        ("COPY $KNOWN $UNKNOWN ./", ["src"]),
        ("COPY <<EOF a /b/\nx\nEOF", ["a"]),
        ('COPY <<-"EOF" /b\nx\nEOF', []),
        ("COPY --from=x a b", None),
        ("RUN true", None),
        ("ONBUILD COPY a b", None),
    ],
)
def test_what_is_copied_from_the_context(instruction: str, expected: list[str] | None) -> None:
    build = built(f"FROM a\nENV KNOWN=src\n{instruction}\n")
    assert context.copied(build.stages[0].steps[-1]) == expected


@pytest.mark.parametrize(
    ("before", "target", "expected"),
    [
        ("", "/app", "/app"),
        ("", "/app/", "/app/"),
        ("", "/app/.", "/app/"),
        ("", "/v1.", "/v1."),
        ("", "app", "/app"),
        ("WORKDIR /srv", ".", "/srv/"),
        ("WORKDIR /srv", "./app", "/srv/app"),
        ("WORKDIR /srv", "..", "/"),
        ("WORKDIR /srv/app", "/srv", "/srv/"),
        ("WORKDIR /srv\nWORKDIR /app", "/srv", "/srv/"),
        ("COPY b /srv/", "/srv", "/srv/"),
        ("ENV D=/data", "$D/x/", "/data/x/"),
        ("", "$UNKNOWN/x/", None),
        ("ARG D", "$D/x/", None),
        ("", "/", "/"),
    ],
)
def test_where_a_copy_puts_things(before: str, target: str, expected: str | None) -> None:
    build = built(f"FROM python:3.12\n{before}\nCOPY a {target}\n")
    assert context.destination(build.stages[0].steps[-1]) == expected


def test_a_relative_destination_is_not_known_where_the_base_images_folder_isnt() -> None:
    assert context.destination(step("FROM example.org/base\nCOPY a b\n", "COPY")) is None


@pytest.mark.parametrize(
    ("instructions", "path", "expected"),
    [
        # a folder's content
        ("COPY . /app", "/app/requirements.txt", "requirements.txt"),
        ("COPY . /app", "/app/src/app.py", "src/app.py"),
        ("COPY . /app", "/srv/requirements.txt", None),
        ("COPY . /app", "/application/requirements.txt", None),
        ("COPY ./ /", "/requirements.txt", "requirements.txt"),
        ("WORKDIR /app\nCOPY . .", "/app/requirements.txt", "requirements.txt"),
        ("COPY src /app", "/app/requirements.txt", "src/requirements.txt"),
        ("COPY src/ /app/", "/app/requirements.txt", "src/requirements.txt"),
        ("COPY /src /app/", "/app/requirements.txt", "src/requirements.txt"),
        ("COPY src /app/", "/app/src/requirements.txt", None),
        ("COPY src requirements /app/", "/app/base.txt", "requirements/base.txt"),
        ("COPY . /app", "/app/missing.txt", None),
        # files
        ("COPY requirements.txt /app/", "/app/requirements.txt", "requirements.txt"),
        ("COPY requirements.txt /app", "/app", "requirements.txt"),
        ("COPY requirements.txt /app/reqs.txt", "/app/reqs.txt", "requirements.txt"),
        ("COPY requirements.txt /app/reqs.txt", "/app/requirements.txt", None),
        ("WORKDIR /app\nCOPY requirements.txt /app", "/app/requirements.txt", "requirements.txt"),
        ("WORKDIR /app\nCOPY requirements.txt .", "/app/requirements.txt", "requirements.txt"),
        ("COPY requirements.txt constraints.txt /app/", "/app/constraints.txt", "constraints.txt"),
        ("COPY src/requirements.txt /app/", "/app/requirements.txt", "src/requirements.txt"),
        ('COPY ["requirements.txt", "/app/"]', "/app/requirements.txt", "requirements.txt"),
        # wildcards
        ("COPY requirements*.txt /app/", "/app/requirements-dev.txt", "requirements-dev.txt"),
        ("COPY requirements/*.txt /app/", "/app/base.txt", "requirements/base.txt"),
        ("COPY *.txt /app/", "/app/pyproject.toml", None),
        ("COPY * /app/", "/app/requirements.txt", "requirements.txt"),
        ("COPY * /app/", "/app/app.py", None),
        ("COPY */requirements.txt /app/", "/app/requirements.txt", None),
        # the last one wins
        ("COPY . /app\nCOPY src/requirements.txt /app/", "/app/requirements.txt", "src/requirements.txt"),
        ("COPY src/requirements.txt /app/\nCOPY . /app", "/app/requirements.txt", "requirements.txt"),
        ("COPY requirements /app\nCOPY src /app", "/app/base.txt", "requirements/base.txt"),
        # flags
        ("COPY --chown=1 --link . /app", "/app/requirements.txt", "requirements.txt"),
        ("COPY --parents src/requirements.txt /app/", "/app/src/requirements.txt", "src/requirements.txt"),
        ("COPY --parents src /app/", "/app/src/requirements.txt", "src/requirements.txt"),
        ("COPY --parents ./src/./requirements.txt /app/", "/app/requirements.txt", None),
        ("COPY --exclude=*.md . /app", "/app/requirements.txt", "requirements.txt"),
        ("COPY --exclude=*.txt . /app", "/app/requirements.txt", None),
        ("COPY --exclude=src . /app", "/app/src/requirements.txt", None),
        # what isn't known
        ("COPY . /app\nCOPY --from=x /out /app", "/app/requirements.txt", None),
        ("COPY . /app\nCOPY --from=x /out /opt", "/app/requirements.txt", "requirements.txt"),
        ("COPY . /bin\nCOPY --from=x /uv /uvx /bin/", "/bin/requirements.txt", "requirements.txt"),
        ("COPY . /app\nCOPY --from=x /a.txt /app/", "/app/requirements.txt", "requirements.txt"),
        ("COPY . /app\nADD a.tar.gz /app", "/app/requirements.txt", None),
        ("COPY . /app\nCOPY a.tar.gz /app/", "/app/requirements.txt", "requirements.txt"),
        ("ADD https://example.org/requirements.txt /app/", "/app/requirements.txt", None),
        ("COPY . /app\nADD https://example.org/a.txt /app/", "/app/requirements.txt", "requirements.txt"),
        ("COPY . /app\nADD https://example.org/a.git /app", "/app/requirements.txt", None),
        ("COPY . /app\nCOPY $UNKNOWN /app/", "/app/requirements.txt", None),
        ("COPY . /app\nCOPY src $UNKNOWN", "/app/requirements.txt", None),
        ("ONBUILD COPY . /app", "/app/requirements.txt", None),
    ],
)
def test_where_a_file_of_the_image_comes_from(instructions: str, path: str, expected: str | None) -> None:
    files = {**FILES, "a.tar.gz": ""}
    assert found(f"FROM python:3.12\n{instructions}\nRUN true\n", path, files) == expected


@pytest.mark.parametrize(
    ("instruction", "path", "expected"),
    [
        ("COPY app /srv/", "/srv/requirements.txt", "app/requirements.txt"),
        ("COPY app /srv/", "/srv/app", "app"),
        ("COPY app/ /srv/", "/srv/app", "app/app"),
        ("COPY app.txt /srv/", "/srv/requirements.txt", None),
        ("COPY app.txt /srv/", "/srv/app.txt", "app.txt"),
        ("COPY . /srv", "/srv/a/b.txt", "a/b.txt"),
        ("COPY * /srv/", "/srv/requirements.txt", "requirements.txt"),
    ],
)
def test_without_a_context_the_copy_alone_tells(instruction: str, path: str, expected: str | None) -> None:
    assert found(f"FROM python:3.12\n{instruction}\nRUN true\n", path, None) == expected


def test_a_stage_has_the_files_of_the_one_it_continues() -> None:
    text = "FROM python:3.12 AS base\nCOPY . /app\nFROM base\nRUN true\n"
    assert found(text, "/app/requirements.txt") == "requirements.txt"
    assert found(text.replace("FROM base\n", "FROM python:3.12\n"), "/app/requirements.txt") is None


@pytest.mark.parametrize(
    ("mount", "path", "expected"),
    [
        ("source=requirements.txt,target=/tmp/r.txt", "/tmp/r.txt", "requirements.txt"),
        ("type=bind,src=requirements.txt,dst=requirements.txt", "/app/requirements.txt", "requirements.txt"),
        ("target=/src", "/src/requirements.txt", "requirements.txt"),
        ("source=src,target=.", "/app/requirements.txt", "src/requirements.txt"),
        ("source=./src/,target=/x/", "/x/requirements.txt", "src/requirements.txt"),
        ("target=/src,from=other", "/src/requirements.txt", None),
        ("type=cache,target=/src", "/src/requirements.txt", None),
        ("target=/src", "/srcs/requirements.txt", None),
        ("target=$UNKNOWN_TO_ALL", "/src/requirements.txt", None),
    ],
)
def test_a_bind_mount_shows_files_of_the_context(mount: str, path: str, expected: str | None) -> None:
    assert found(f"FROM python:3.12\nWORKDIR /app\nRUN --mount={mount} true\n", path) == expected


def test_some_copies_can_be_left_out() -> None:
    build = built("FROM python:3.12\nCOPY requirements.txt /app/\nCOPY . /app\nRUN true\n", FILES)
    first, second, run = build.stages[0].steps
    origins = [context.origin(run, "/app/requirements.txt", without=left) for left in ([], [second], [first, second])]
    assert [None if one is None else one.step for one in origins] == [second, first, None]


# What an install reads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instructions", "files"),
    [
        ("COPY . .\nRUN pip install -r requirements.txt", ["requirements.txt"]),
        ("COPY . .\nRUN pip install -rrequirements.txt", ["requirements.txt"]),
        ("COPY . .\nRUN pip install --requirement=/app/requirements.txt", ["requirements.txt"]),
        ("COPY . .\nRUN cd src && pip install -r requirements.txt", ["src/requirements.txt"]),
        ("COPY . /x\nRUN uv pip install -r ../x/requirements.txt", ["requirements.txt"]),
        (
            "COPY . .\nRUN pip install -r requirements/prod.txt",
            ["requirements/prod.txt", "requirements/base.txt", "constraints.txt"],
        ),
        ("COPY . .\nRUN pip install -r requirements.txt -c constraints.txt", ["requirements.txt", "constraints.txt"]),
        ("COPY . .\nRUN pip install .", ["pyproject.toml"]),
        ("COPY . .\nRUN pip install -e '.[dev]'", ["pyproject.toml"]),
        ("COPY . .\nRUN pip install --group dev", ["pyproject.toml"]),
        ("COPY . .\nRUN uv pip install -r pyproject.toml", ["pyproject.toml"]),
        ("RUN --mount=source=requirements.txt,target=r.txt pip install -r r.txt", ["requirements.txt"]),
        ("COPY . .\nRUN pip install flask", []),
        ("COPY . .\nRUN cat requirements.txt && pip install -r requirements.txt", ["requirements.txt"]),
        ("COPY . .\nRUN pip install -r requirements.txt && rm requirements.txt", ["requirements.txt"]),
    ],
)
def test_all_that_an_install_reads_is_found(instructions: str, files: list[str]) -> None:
    seen = read(f"FROM python:3.12\nWORKDIR /app\n{instructions}\n")
    assert [file.origin for file in seen.files] == files
    assert all(file.data is not None for file in seen.files)
    assert seen.missing == []


@pytest.mark.parametrize(
    ("instructions", "missing"),
    [
        ("COPY . .\nRUN pip install -r missing.txt", ["`missing.txt`"]),
        ("COPY src src\nRUN pip install -r requirements.txt", ["`requirements.txt`"]),
        ("COPY . .\nRUN pip install -r https://example.org/r.txt", ["`https://example.org/r.txt`"]),
        ("COPY . .\nRUN pip install -r /dev/stdin", ["`/dev/stdin`"]),
        ("COPY requirements /app\nRUN pip install -r prod.txt", ["`../constraints.txt`"]),
        ("COPY src /app\nRUN pip install .", ["the project that it installs"]),
        ("COPY . .\nRUN sed -i s/a/b/ requirements.txt\nRUN pip install -r requirements.txt", ["`requirements.txt`"]),
        ("COPY . .\nRUN echo x >> requirements.txt && pip install -r requirements.txt", ["`requirements.txt`"]),
        ("COPY . .\nRUN pip freeze > requirements.txt\nRUN pip install -r requirements.txt", ["`requirements.txt`"]),
        ("COPY . .\nRUN uv export -o requirements.txt\nRUN pip install -r requirements.txt", ["`requirements.txt`"]),
        ("COPY . .\nRUN mv a requirements.txt\nRUN pip install -r requirements.txt", ["`requirements.txt`"]),
    ],
)
def test_what_cant_be_seen_is_named(instructions: str, missing: list[str]) -> None:
    assert read(f"FROM python:3.12\nWORKDIR /app\n{instructions}\n").missing == missing


@pytest.mark.parametrize(
    ("heredoc", "missing"),
    [
        ("<<EOF requirements.txt\nflask\nEOF", []),
        ("<<requirements.txt /app/\nflask\nrequirements.txt", []),
        ("<<'EOF' requirements.txt\nflask==$X\nEOF", []),
        ("<<EOF requirements.txt\nflask==$X\nEOF", ["`requirements.txt`"]),
    ],
)
def test_requirements_written_in_the_dockerfile_are_known(heredoc: str, missing: list[str]) -> None:
    seen = read(f"FROM python:3.12\nWORKDIR /app\nCOPY {heredoc}\nRUN pip install -r requirements.txt\n", None)
    assert seen.missing == missing
    assert seen.scan.names == ([] if missing else ["flask"])


def test_without_a_context_a_files_place_is_known_but_not_what_it_says() -> None:
    seen = read("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n", None)
    assert [(file.image, file.origin, file.data) for file in seen.files] == [
        ("/app/requirements.txt", "requirements.txt", None)
    ]
    assert seen.missing == ["`requirements.txt`"]


def test_files_that_name_each_other_are_read_once() -> None:
    files = {"a.txt": "-r b.txt\n", "b.txt": "-r a.txt\nflask\n"}
    seen = read("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r a.txt -r b.txt\n", files)
    assert [file.origin for file in seen.files] == ["a.txt", "b.txt"]
    assert seen.scan.names == ["flask"]


def test_a_file_that_dockerignore_leaves_out_is_missing() -> None:
    files = {**FILES, ".dockerignore": "requirements.txt"}
    seen = read("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n", files)
    assert (seen.files, seen.missing) == ([], ["`requirements.txt`"])
