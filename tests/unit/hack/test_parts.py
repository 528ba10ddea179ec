"""What the image is made of: every part with a licence that asks for nothing but to be named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reference.__main__ import ROOT
from reference.parts import bill_of_materials, licences, parts

_PERMISSIVE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "PSF-2.0"}
_WEAK = {"certifi": "MPL-2.0"}
"""What is changed in its own files stays open; we change none."""


def test_every_part_may_be_passed_on() -> None:
    """Another licence is a question for a person, before it is in an image."""
    found = {part.name: set(re.split(r" AND | OR ", part.licence)) for part in parts(ROOT)}
    assert {"kopf", "aiohttp", "certifi"} <= found.keys()
    others = {name: names - _PERMISSIVE - {_WEAK.get(name, "")} for name, names in found.items()}
    assert {name: names for name, names in others.items() if names} == {}


def test_what_only_another_system_needs_is_no_part(tmp_path: Path) -> None:
    lock = "click==8.5.1 \\\n    --hash=sha256:0\ncolorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
    (tmp_path / "requirements-runtime.lock").write_text(lock)
    assert [(part.name, part.version, part.licence) for part in parts(tmp_path)] == [("click", "8.5.1", "BSD-3-Clause")]


@pytest.mark.parametrize("name", ["kopf", "prometheus-client"])
def test_page_and_bill_name_the_same(name: str) -> None:
    (part,) = (part for part in parts(ROOT) if part.name == name)
    assert f"| {part.name} | {part.version} | {part.licence} |" in licences(ROOT)
    bill = json.loads(bill_of_materials(ROOT))
    (billed,) = (entry for entry in bill["components"] if entry["name"] == name)
    assert billed["purl"] == f"pkg:pypi/{part.name}@{part.version}"
    assert billed["licenses"] == [{"expression": part.licence}]


def test_the_bill_is_of_the_image_with_its_base() -> None:
    bill = json.loads(bill_of_materials(ROOT))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "cxone-operator")
    references = [entry["bom-ref"] for entry in bill["components"]]
    assert len(set(references)) == len(references)
    base = re.search(r"^ARG PYTHON=(\S+):(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert base is not None
    assert f"pkg:docker/{base[1]}@{base[2]}" in references
