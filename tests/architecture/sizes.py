"""How long files and functions are, and how long they may be."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

SOURCE_FILE: Final = 400
TEST_FILE: Final = 500
FUNCTION: Final = 60


def measured(path: Path, source: str) -> dict[str, int]:
    """Lines of the file, under its path, and of each function, under `path::Class.function`."""
    sizes = {path.as_posix(): len(source.splitlines())}
    for name, function in _functions(ast.parse(source), ""):
        sizes[f"{path.as_posix()}::{name}"] = (function.end_lineno or 0) - function.lineno + 1
    return sizes


def limit(name: str) -> int:
    """The most lines that the file or function called `name` may have."""
    if "::" in name:
        return FUNCTION
    return TEST_FILE if name.startswith("tests/") else SOURCE_FILE


def violations(sizes: Mapping[str, int], exceptions: Mapping[str, int]) -> list[str]:
    """What is too long, and which exceptions are larger than they need to be."""
    too_long = [
        f"{name} has {size} lines, may have {exceptions.get(name, limit(name))}"
        for name, size in sizes.items()
        if size > exceptions.get(name, limit(name))
    ]
    loose = [
        f"size_exceptions.toml allows {name} {allowed} lines: {_advice(name, sizes)}"
        for name, allowed in exceptions.items()
        if sizes.get(name, 0) < allowed or allowed <= limit(name)
    ]
    return too_long + loose


def _advice(name: str, sizes: Mapping[str, int]) -> str:
    size = sizes.get(name, 0)
    return "remove the exception" if size <= limit(name) else f"lower it to {size}"


def _functions(
    node: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child
        name = getattr(child, "name", None)
        inner = f"{prefix}{name}." if isinstance(name, str) else prefix
        yield from _functions(child, inner)
