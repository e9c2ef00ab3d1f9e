"""Moves a project from loose requirements, Poetry or Pipenv to pyproject.toml and uv.lock, its Dockerfiles with it."""
