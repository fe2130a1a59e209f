"""Reads which modules an explicit catalogue lists, without importing it."""

import ast
from collections.abc import Iterable


def listed(source: str, names: Iterable[str]) -> set[str]:
    """The last words of the modules that the values of the module-level `names` mention.

    A module is mentioned by itself, by something imported from it, or as a dotted string
    ("package.module" or "package.module:attribute").
    """
    tree = ast.parse(source)
    origins = _origins(tree)
    wanted = set(names)
    found: set[str] = set()
    for statement in tree.body:
        if value := _assigned(statement, wanted):
            found |= {word for node in ast.walk(value) for word in _mentions(node, origins)}
    return found


def _origins(tree: ast.Module) -> dict[str, set[str]]:
    """For every imported name, the modules it may stand for: its source, and itself."""
    origins: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = (node.module or "").rsplit(".", 1)[-1]
                origins[alias.asname or alias.name] = {module, alias.name}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                last = alias.name.rsplit(".", 1)[-1]
                origins[alias.asname or alias.name.split(".", 1)[0]] = {last}
    return origins


def _assigned(statement: ast.stmt, names: set[str]) -> ast.expr | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    if any(isinstance(target, ast.Name) and target.id in names for target in targets):
        return getattr(statement, "value", None)
    return None


def _mentions(node: ast.AST, origins: dict[str, set[str]]) -> set[str]:
    if isinstance(node, ast.Name):
        return origins.get(node.id, set())
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value.split(":", 1)[0].rsplit(".", 1)[-1]}
    return set()
