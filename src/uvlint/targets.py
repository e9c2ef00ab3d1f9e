"""How uv is told which environment to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvlint import calls, edits, interpreters

if TYPE_CHECKING:
    from uvlint.calls import Call
    from uvlint.environments import Target


def options(call: Call, target: Target) -> list[str] | str:
    """The options that make uv work where a pip command line does; or why there are none."""
    if call.interpreter is not None:
        return [f"--python {call.interpreter}"]
    match target.kind:
        case "system" if target.where or not interpreters.several(call):
            return ["--system", *([f"--python python{target.where}"] if target.where else [])]
        case "venv":
            return _environment(call, target.where)
        case "prefix":
            name = call.path.rpartition("/")[2]
            name = name if name.startswith("python") else f"python{calls.python_version(name) or '3'}"
            return [f"--python {target.where}/bin/{name}"]
        case _:
            if edits.exec_form(call.step, call.command) or (call.spawn is not None and call.spawn.form == "words"):
                return "which Python it runs in is not known"
            name = f"python{target.where}" if target.where else interpreters.on_path(call)
            return [f'--python "$(command -v {name})"']


def _environment(call: Call, where: str) -> list[str] | str:
    """Names a virtual environment, by its path where that is certain, else as the command does."""
    if where.startswith("$"):
        if edits.exec_form(call.step, call.command) or call.listed:
            return f"`{where}` is not known before the build"
        word = call.words[call.first].text.replace('"', "")
        return [f'--python "{word[: word.rindex("/")]}/python"']
    state = call.step.state
    depends = [name for name in state.defaults if where in (state.env.get(name) or "")]
    if not depends:
        return [f"--python {where}"]
    if state.env.get("VIRTUAL_ENV") != where or {"UV_SYSTEM_PYTHON", "UV_PYTHON"} & call.variables.keys():
        return f"{depends[0]} depends on a build argument, and with it the environment"
    return []
