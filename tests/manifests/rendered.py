"""The manifests as kubectl renders them, and ways to find an object among them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
FOLDERS = ("base", "base/operator", "overlays/dev", "overlays/namespaced", "overlays/prod", "admission")
"""What can be applied as it is."""

Object = dict[str, Any]


@cache
def _text(kubectl: Path, folder: Path) -> str:
    answer = subprocess.run([str(kubectl), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def render(kubectl: Path, folder: str) -> list[Object]:
    """Every object of a folder of the manifests, a copy for each caller."""
    return render_folder(kubectl, MANIFESTS / folder)


def render_folder(kubectl: Path, folder: Path) -> list[Object]:
    """Every object of any kustomization."""
    return [body for body in yaml.safe_load_all(_text(kubectl, folder)) if body]


def people() -> Object:
    """The namespace of the people, which no installation brings."""
    body: Object = yaml.safe_load((MANIFESTS / "samples" / "namespace.yaml").read_text())
    return body


def of_kind(objects: Iterable[Object], *kinds: str) -> list[Object]:
    """Those of these kinds."""
    return [body for body in objects if body["kind"] in kinds]


def find(objects: Iterable[Object], kind: str, name: str) -> Object:
    """The one of that kind and name."""
    (found,) = [body for body in of_kind(objects, kind) if body["metadata"]["name"] == name]
    return found


def pods(objects: Iterable[Object]) -> list[Object]:
    """The pods that the Deployments would create, each in its namespace."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**body["spec"]["template"]["metadata"], **_place(body)},
            "spec": body["spec"]["template"]["spec"],
        }
        for body in of_kind(objects, "Deployment")
    ]


def as_input(objects: Iterable[Object]) -> str:
    """For `kubectl … -f -`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def _place(body: Object) -> dict[str, str]:
    return {"name": body["metadata"]["name"], "namespace": body["metadata"]["namespace"]}
