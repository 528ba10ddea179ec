"""What people read of the CRDs is all there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CRDS = sorted((Path(__file__).parents[3] / "crds").glob("*.yaml"))
_CUT_OFF = re.compile(r"^\s*(?:- )?\w+: [^\"'>|].* #", re.MULTILINE)


@pytest.mark.parametrize("path", CRDS, ids=lambda path: path.stem)
def test_no_text_ends_where_yaml_sees_a_comment(path: Path) -> None:
    """A text with a # after a blank needs quotes."""
    assert _CUT_OFF.findall(path.read_text(encoding="utf-8")) == []
