"""What imports may leave out, and what the collector may leave alone."""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path

import pytest

from cxone_operator.imports import for_good, without


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a package that is installed, and that nobody has imported."""
    name = "costly_and_unused"
    (tmp_path / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_a_package_is_absent_for_a_while(package: str) -> None:
    """As if it was not installed; then it is there, also when what was imported meanwhile has failed for want of it."""
    with pytest.raises(ModuleNotFoundError), without(package):
        importlib.import_module(package)
    assert importlib.import_module(package).__name__ == package


def test_what_is_there_already_stays(package: str) -> None:
    """Somebody may be using it."""
    there = importlib.import_module(package)
    with without(package):
        assert importlib.import_module(package) is there
    assert sys.modules[package] is there


def test_what_is_imported_for_good_is_not_looked_through() -> None:
    """It is out of the collector's sight; everything later is not."""
    before = gc.get_freeze_count()
    try:
        with for_good():
            assert not gc.isenabled()
            kept = [[]]
        assert gc.get_freeze_count() > before
        assert gc.isenabled()
        assert not any(found is kept for found in gc.get_objects())
    finally:
        gc.unfreeze()
