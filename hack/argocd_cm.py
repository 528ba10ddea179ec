"""The settings of Argo CD for our kinds, made from the scripts in `manifests/argocd/resource_customizations`.

`PYTHONPATH=hack python -m argocd_cm` writes `manifests/argocd/argocd-cm.yaml`; a test holds the file equal to it.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

ARGOCD = Path(__file__).resolve().parents[1] / "manifests" / "argocd"
SETTINGS = ARGOCD / "argocd-cm.yaml"
SCRIPTS = ARGOCD / "resource_customizations"

_HEAD = """\
# What Argo CD needs to know of CxoneUser and CxoneTenant (docs/how-to/argo-cd.md). Change the scripts in
# resource_customizations/, then run: PYTHONPATH=hack .venv/bin/python -m argocd_cm
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
data:
"""
_IGNORED = {
    "CxoneTenant": "Its counters move with every user; a change of health refreshes the Application all the same.",
    "CxoneUser": "A joiner is written several times; a change of health refreshes the Application all the same.",
}
"""Why updates of that kind that touch only the ignored fields are ignored."""
_IGNORED_FIELDS = "jsonPointers:\n- /metadata/finalizers\n- /status\n"


def render() -> str:
    """The whole file."""
    return _HEAD + "".join(map(_kind, sorted(path.parent for path in SCRIPTS.glob("*/*/health.lua"))))


def _kind(folder: Path) -> str:
    name = f"{folder.parent.name}_{folder.name}"
    return (
        _entry(f"health.{name}", (folder / "health.lua").read_text(encoding="utf-8"))
        + _entry(f"actions.{name}", _actions(folder / "actions"))
        + f"  # {_IGNORED[folder.name]}\n"
        + _entry(f"ignoreResourceUpdates.{name}", _IGNORED_FIELDS)
    )


def _actions(folder: Path) -> str:
    scripts = sorted(folder.glob("*/action.lua"))
    return (
        _block("discovery.lua", folder / "discovery.lua")
        + "definitions:\n"
        + "".join(f"- name: {path.parent.name}\n" + indent(_block("action.lua", path), "  ") for path in scripts)
    )


def _block(key: str, script: Path) -> str:
    return f"{key}: |\n" + indent(script.read_text(encoding="utf-8"), "  ")


def _entry(key: str, value: str) -> str:
    return f"  resource.customizations.{key}: |\n" + indent(value, "    ")


if __name__ == "__main__":
    SETTINGS.write_text(render(), encoding="utf-8")
