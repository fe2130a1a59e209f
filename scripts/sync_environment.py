"""Installs exactly what a lock names into a virtual environment, bytecode compiled.

    python scripts/sync_environment.py .venv [--group dev] ...
    python scripts/sync_environment.py .venv-compat --requirements tests/compat/requirements.txt

uv.lock names the public index's own addresses. When PIP_INDEX_URL names a mirror, the same
versions with the same hashes are taken from the mirror instead.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
UV: Final = PROJECT / ".venv" / "bin" / "uv"


def main() -> int:
    parser = argparse.ArgumentParser(description="Install what a lock names.")
    parser.add_argument("environment", type=Path, help="the virtual environment")
    parser.add_argument("--group", action="append", default=[], help="dependency group to add")
    parser.add_argument("--requirements", type=Path, help="a hashed list instead of uv.lock")
    arguments = parser.parse_args()
    try:
        if arguments.requirements:
            sync_requirements(arguments.environment, arguments.requirements)
        else:
            sync_project(arguments.environment, arguments.group)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def sync_project(environment: Path, groups: list[str]) -> None:
    """Make `environment` hold the runtime dependencies, all extras and `groups`, nothing else.

    Raises `subprocess.CalledProcessError` when a step fails; the step has said why.
    """
    settings = uv_environment() | {"UV_PROJECT_ENVIRONMENT": str(environment.absolute())}
    chosen = ["--frozen", "--all-extras", "--no-default-groups"]
    chosen += [f"--group={group}" for group in groups]
    into = _into(environment)
    print(f"Installing what uv.lock names into {environment}")
    if "UV_DEFAULT_INDEX" not in settings:
        _uv(["sync", *chosen, *into], settings)
        return
    with tempfile.TemporaryDirectory() as scratch:
        listed = str(Path(scratch) / "requirements.txt")
        _uv(["export", *chosen, "--quiet", "--output-file", listed], settings)
        _uv(["pip", "sync", *into, listed], settings)


def sync_requirements(environment: Path, requirements: Path) -> None:
    """Make `environment` anew if need be, holding exactly the hashed `requirements`.

    Raises `subprocess.CalledProcessError` when a step fails; the step has said why.
    """
    settings = uv_environment()
    interpreter = str(PROJECT / ".venv" / "bin" / "python")
    _uv(["venv", "--clear", "--quiet", "--python", interpreter, str(environment)], settings)
    print(f"Installing what {requirements} names into {environment}")
    _uv(["pip", "sync", *_into(environment), "--require-hashes", str(requirements)], settings)


def uv_environment() -> dict[str, str]:
    """The environment for uv: pip's settings in uv's words, and nothing that redirects it."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT"}
    }
    environment["UV_PYTHON_DOWNLOADS"] = "never"
    for pip, uv in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if value := os.environ.get(pip):
            environment.setdefault(uv, value)
    return environment


def _into(environment: Path) -> list[str]:
    python = environment.absolute() / "bin" / "python"
    return ["--quiet", "--compile-bytecode", "--python", str(python)]


def _uv(arguments: list[str], environment: dict[str, str]) -> None:
    subprocess.run([str(UV), *arguments], cwd=PROJECT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
