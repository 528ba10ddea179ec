"""The house rules that a machine can check."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDERS = ("operator", "hack", "benchmarks", "tests")
_LONGEST_MODULE = 400


def test_operator_is_no_package() -> None:
    """`operator/__init__.py` would shadow the standard library's operator for every Python run from the root."""
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_modules_have_one_noun() -> None:
    """A module that outgrows 400 lines has found a second one."""
    modules = [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*.py")]
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}
    assert {name: lines for name, lines in long.items() if lines > _LONGEST_MODULE} == {}
