"""Sources: the line of meaning that stands under a name in the code, which Python itself does not keep."""

from __future__ import annotations

import ast
import inspect
import textwrap
from types import ModuleType


class UndocumentedError(Exception):
    """A name that belongs into the reference has no line of meaning; the message says which."""


def meanings(owner: type | ModuleType) -> dict[str, str]:
    """Name → docstring of everything that is assigned in a class or module, in order; "" where there is none."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    body = tree.body[0].body if isinstance(owner, type) and isinstance(tree.body[0], ast.ClassDef) else tree.body
    found: dict[str, str] = {}
    for statement, following in zip(body, [*body[1:], None], strict=True):
        name = _assigned(statement)
        if name is not None:
            found[name] = _text(following)
    return found


def meaning(owner: type | ModuleType, name: str) -> str:
    """The line of meaning of one name; raises UndocumentedError."""
    text = meanings(owner).get(name, "")
    if not text:
        raise UndocumentedError(f"{owner.__name__}.{name} has no docstring; write what it means under it")
    return text


def _assigned(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def _text(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return " ".join(value.split()) if isinstance(value, str) else ""
    return ""
