"""Looking into JSON objects of the API server, whose shape nobody has checked yet."""

from __future__ import annotations

from collections.abc import Mapping


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def metadata(body: Mapping[str, object], field: str) -> str:
    """A text of the metadata, empty where there is none."""
    return str(mapping(body.get("metadata")).get(field) or "")
