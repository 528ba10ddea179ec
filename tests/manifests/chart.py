"""The Helm chart: its values with what is said of each, and what it renders."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from manifests.rendered import ROOT, Object

CHART = ROOT / "charts" / "cxone-operator"
_WHOLE = frozenset({"operator.resources", "bridge.resources"})
"""Values that are taken as they are, whatever is in them."""


@dataclass(frozen=True)
class Value:
    """One value that somebody may set."""

    path: str
    meaning: str
    """The comment above it; one for a whole group stands above the group."""
    default: Any


def run(helm: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm in the root of the repository."""
    return subprocess.run([str(helm), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@cache
def _rendered(helm: Path, *settings: str) -> str:
    answer = run(helm, "template", "cxone-operator", str(CHART), "--namespace", "cxone-system", *settings)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def rendered(helm: Path, **values: Any) -> str:
    """The text for a release as the manifests have it; a value's path is written with dots."""
    settings = [f"{path}={json.dumps(value)}" for path, value in values.items()]
    return _rendered(helm, *(argument for setting in settings for argument in ("--set-json", setting)))


def template(helm: Path, **values: Any) -> list[Object]:
    """Every object of it."""
    return [body for body in yaml.safe_load_all(rendered(helm, **values)) if body]


def values() -> list[Value]:
    """All of values.yaml, in its order."""
    text = (CHART / "values.yaml").read_text()
    comments = dict(_comments(text))
    return [Value(path, comments.get(path, ""), default) for path, default in _leaves("", yaml.safe_load(text))]


def table() -> str:
    """The values as the README has them."""
    rows = [f"| `{value.path}` | `{json.dumps(value.default)}` | {value.meaning} |" for value in values()]
    return "\n".join(["| value | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _leaves(above: str, tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and value and path not in _WHOLE:
            yield from _leaves(f"{path}.", value)
        else:
            yield path, value


def _comments(text: str) -> Iterator[tuple[str, str]]:
    """Path → the comment lines just above the key."""
    above: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
            continue
        if ":" in stripped:
            indent = len(line) - len(stripped)
            above = [entry for entry in above if entry[0] < indent] + [(indent, stripped.partition(":")[0])]
            yield ".".join(key for _, key in above), " ".join(comment)
        comment = []
