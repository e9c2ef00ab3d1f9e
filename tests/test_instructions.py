from __future__ import annotations

import pytest

from uvlint.instructions import refused
from uvlint.source import Source
from uvlint.syntax import parse

ACCEPTED = """\
RUN a
RUN
RUN --mount=type=cache,target=/c --mount=target=/a,type=bind,ro --network=none --security=sandbox a
RUN --mount=type=cache,target=/c,sharing=$S,uid=1000,mode=0755 a
RUN --mount=type=secret,id=x,env=X --mount=type=ssh,required a
RUN --mount=type=tmpfs,target=/t,size=1gb a
RUN --device=vendor/device=x a
COPY a b
COPY --from=x --link --parents --exclude=*.a --exclude=*.b --chown=1:2 --chmod=755 a b/
COPY --link=FALSE ["a b", "c"]
ADD --checksum=sha256:1 --keep-git-dir=true --unpack a b
FROM x
FROM --platform=$P x as Y.z_1-a
ENV a b
ENV a="x y" b=$c
LABEL "a.b"='c'
ARG a b=1
CMD []
CMD a
ENTRYPOINT ["a"]
EXPOSE 80 443/tcp
VOLUME /a ["/b"]
USER 1000:1000
WORKDIR /a b
STOPSIGNAL SIGTERM
SHELL ["bash", "-c"]
MAINTAINER me
HEALTHCHECK none
HEALTHCHECK --interval=1m30s --timeout=.5s --start-period=0 --retries=3 CMD x
ONBUILD RUN x
copy $a ${b:-c} /d
"""

REFUSED = """\
FOO a | FOO | unknown instruction
COPPY a b | COPPY | unknown instruction
RUN --foo a | --foo | has no flag
RUN --mounts=x a | --mounts=x | has no flag
RUN --Network=none a | --Network=none | has no flag
RUN --network=foo a | foo | not valid
RUN --security=foo a | foo | not valid
RUN --network a | --network | no value
RUN --network=none --network=none a | --network=none | given twice
RUN --mount=type=cahce,target=/a x | type=cahce | no type of mount
RUN --mount=type=cache,foo=b,target=/a x | foo=b | no key `foo`
RUN --mount=type=cache x | --mount=type=cache | needs a target
RUN --mount=type=cache,target=/a,sharing=all x | sharing=all | sharing
RUN --mount=type=bind,target=/a,sharing=shared x | sharing=shared | sharing
RUN --mount=type=bind,target=/a,uid=1 x | uid=1 | uid
RUN --mount=type=cache,target=/a,mode=999 x | mode=999 | mode
RUN --mount=type=cache,target=/a,ro=maybe x | ro=maybe | readonly
RUN --mount=from=$X,target=/a x | from=$X | variable
RUN --mount=type=secret x | --mount=type=secret | needs an id
RUN --mount=type=cache,target x | --mount=type=cache,target | can't be read
COPY a | a | a source and a destination
COPY | COPY | a source and a destination
COPY --link=maybe a b | maybe | true or false
COPY --link= a b | --link= | true or false
COPY "a b | "a | can't read
ADD --from=x a b | --from=x | has no flag
FROM a b | b | FROM takes
FROM | FROM | FROM takes
FROM a # b | # b | FROM takes
FROM a AS 1b | 1b | can't name a stage
ENV =a | =a | is empty
ENV | ENV | at least one
ENV a=${b:=c} | ${b:=c} | can't read
ARG | ARG | at least one
EXPOSE | EXPOSE | at least one
VOLUME [""] | "" | empty string
VOLUME [] | VOLUME | at least one
USER | USER | exactly one
WORKDIR "a | "a | can't read
SHELL bash -c | bash -c | JSON array
SHELL [] | SHELL | at least one
HEALTHCHECK | HEALTHCHECK | at least one
HEALTHCHECK NONE a | a | no arguments
HEALTHCHECK CMD | CMD | no command
HEALTHCHECK curl x | curl | CMD or NONE
HEALTHCHECK --interval=30 CMD x | --interval=30 | duration
HEALTHCHECK --interval=1us CMD x | --interval=1us | duration
HEALTHCHECK --retries=-1 CMD x | --retries=-1 | number
HEALTHCHECK --retries=99999999999 CMD x | --retries=99999999999 | number
CMD --x a | --x | has no flag
ONBUILD | ONBUILD | at least one
ONBUILD ONBUILD RUN x | ONBUILD | can't hold
ONBUILD FROM x | FROM | can't hold
"""


@pytest.mark.parametrize("line", ACCEPTED.splitlines())
def test_what_buildkit_takes_is_not_refused(line: str) -> None:
    assert not list(refused(parse(Source(f"FROM scratch\n{line}\n"))))


@pytest.mark.parametrize("row", REFUSED.splitlines())
def test_what_buildkit_refuses_is_told_at_its_place(row: str) -> None:
    line, place, said = (part.strip() for part in row.split(" | "))
    dockerfile = parse(Source(f"FROM scratch\n{line}\n"))
    (problem,) = refused(dockerfile)
    assert dockerfile.source[problem.span].strip('"') == place.strip('"')
    assert dockerfile.source.line(problem.span.start) == 2
    assert said in problem.message
    assert problem.help
    assert "\n" not in problem.message + problem.help


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("ARG a\nFROM b\n", []),
        ("RUN a\nFROM b\nRUN c\n", ["RUN stands before any FROM: only ARG may"]),
        ("RUN a\nENV b=1\n", ["RUN stands before any FROM: only ARG may"]),
        ("ARG a\n", ["the file has no build stage"]),
        ("", []),
        ("FROM a AS b\nFROM a AS b\n", []),
        ("FROM a\nCOPY <<E /b\nx\nE\n", []),
        ("FROM a\nCOPY b <<E\nx\nE\n", ["COPY can't take a heredoc as destination"]),
    ],
)
def test_the_file_as_a_whole(text: str, messages: list[str]) -> None:
    assert [problem.message for problem in refused(parse(Source(text)))] == messages


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("FORM a", "FROM"),
        ("COPPY a b", "COPY"),
        ("RUN --mout=x a", "--mount"),
        ("RUN --mount=tarte=/a,type=cache,target=/b x", "target"),
    ],
)
def test_the_nearest_word_is_offered(line: str, nearest: str) -> None:
    problems = list(refused(parse(Source(f"FROM scratch\n{line}\n"))))
    assert problems[0].help == f"did you mean `{nearest}`?"


@pytest.mark.parametrize("line", ["nvidia-devtools-sidecar-injector: x", "apiVersion: 1", "name: a", "zz a"])
def test_a_word_that_is_far_from_all_is_not_taken_for_one(line: str) -> None:
    problems = list(refused(parse(Source(f"FROM scratch\n{line}\n"))))
    assert problems[0].help == "see Docker's reference"
