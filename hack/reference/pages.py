"""The list of pages, and the index that leads to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from reference.apis import apis
from reference.commands import commands
from reference.crds import resource
from reference.decisions import decisions
from reference.markdown import bullets, page
from reference.parts import bill_of_materials, licences
from reference.settings import settings
from reference.simulator import habits
from reference.telemetry import audit_trail, metadata, metric_names, reasons


def _users(root: Path) -> str:
    return resource(root / "crds" / "cxoneusers.yaml", root / "manifests" / "samples" / "user.yaml")


def _tenants(root: Path) -> str:
    return resource(root / "crds" / "cxonetenants.yaml", root / "manifests" / "samples" / "tenant.yaml")


PAGES: Mapping[str, Callable[[Path], str]] = {
    "user.md": _users,
    "tenant.md": _tenants,
    "apis.md": apis,
    "reasons.md": reasons,
    "metadata.md": metadata,
    "commands.md": commands,
    "settings.md": settings,
    "metrics.md": metric_names,
    "audit.md": audit_trail,
    "habits.md": habits,
    "decisions.md": decisions,
    "licences.md": licences,
    "sbom.cdx.json": bill_of_materials,
}
"""File name → what writes it from the folder of the repository; in the order of the index."""


def index(written: Mapping[str, str]) -> str:
    """Title of each page, with a link."""
    titles = {name: text.partition("\n")[0].removeprefix("# ") for name, text in written.items()}
    links = bullets(f"[{title}]({name})" for name, title in titles.items() if name.endswith(".md"))
    return page(
        "Reference", "Names, values and meanings, complete. How to use them is in the other pages of docs.", links
    )
