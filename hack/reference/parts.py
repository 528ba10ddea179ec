"""What the image is made of, from the lock file: a page with the licences, and a bill of materials (CycloneDX)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import metadata, version
from pathlib import Path

from packaging.markers import Marker

from reference.markdown import page, table

_PROJECT = "cxone-operator"
_ENTRY = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+))?", re.MULTILINE)
_BASE = re.compile(r"^ARG PYTHON=(?P<name>[\w./-]+):(?P<version>\S+)$", re.MULTILINE)
_IMAGE = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
}
"""What some packages say instead of the name in the list of SPDX; those with "BSD License" have three clauses."""


@dataclass(frozen=True, slots=True)
class Part:
    """A package in the image."""

    name: str
    version: str
    licence: str
    """An expression of SPDX."""


def parts(root: Path) -> Iterator[Part]:
    """Each package that is locked for run time and meant for Linux, as it describes itself."""
    for entry in _ENTRY.finditer((root / "requirements-runtime.lock").read_text()):
        if entry["marker"] is None or Marker(entry["marker"].strip()).evaluate(_IMAGE):
            yield Part(entry["name"], entry["version"], _licence(entry["name"]))


def licences(root: Path) -> str:
    """The page."""
    return page(
        "Licences",
        f"What is in the image beside `{_PROJECT}` ([Apache-2.0](../../LICENSE)), from the lock file that it is built "
        "from. The same as a bill of materials for programs (CycloneDX) is [sbom.cdx.json](sbom.cdx.json). The base "
        "brings Python (PSF-2.0) and packages of Debian, whose licences are in the image below `/usr/share/doc`.",
        table(["package", "version", "licence"], ([part.name, part.version, part.licence] for part in parts(root))),
    )


def bill_of_materials(root: Path) -> str:
    """CycloneDX 1.6; without a time or a serial number, so that the same parts are the same text."""
    dockerfile = (root / "Dockerfile").read_text()
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component("application", _PROJECT, version(_PROJECT), "pypi", "Apache-2.0")},
        "components": [
            *(_component("container", base["name"], base["version"], "docker") for base in _BASE.finditer(dockerfile)),
            *(_component("library", part.name, part.version, "pypi", part.licence) for part in parts(root)),
        ],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(kind: str, name: str, version: str, place: str, licence: str = "") -> dict[str, object]:
    purl = f"pkg:{place}/{name}@{version}"
    licences = {"licenses": [{"expression": licence}]} if licence else {}
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl, **licences}


def _licence(name: str) -> str:
    """The expression; else the line, or the classifier, that packages had before there was one."""
    said = metadata(name)
    classifiers = [text.rpartition(" :: ")[2] for text in said.get_all("Classifier", []) if text.startswith("License")]
    found = said["License-Expression"] or said["License"] or " AND ".join(classifiers)
    return _SPDX.get(found, found)
