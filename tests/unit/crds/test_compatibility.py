"""Every released schema is still accepted: the CRDs take whatever those of v0.1 took."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.compatibility import narrowed

ROOT = Path(__file__).parents[3]
RELEASED = ROOT / "tests" / "fixtures"
WIDENED = {"v1alpha1.spec.license.mode: default was 'Quota' and is None": "the preset gives it, and v0.1 had one"}
"""Findings that take nothing from anybody, with the reason."""
KINDS = ("cxoneusers.yaml", "cxonetenants.yaml")
Json = dict[str, Any]
Change = Callable[[Json], object]


def read(path: Path) -> Json:
    found: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def released() -> list[Path]:
    return sorted(path for folder in RELEASED.glob("v*/crds") for path in folder.iterdir())


@pytest.mark.parametrize("old", released(), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_what_was_released_is_still_accepted(old: Path) -> None:
    """Where this fails, the change needs a new version of the API and a conversion, or another form."""
    assert set(narrowed(read(old), read(ROOT / "crds" / old.name))) <= WIDENED.keys()


def test_both_kinds_of_the_first_release_are_kept() -> None:
    """Otherwise nothing would be compared."""
    assert {path.name for path in released() if "v0.1" in path.parts} == set(KINDS)


@pytest.fixture
def users() -> Json:
    return read(RELEASED / "v0.1" / "crds" / "cxoneusers.yaml")


def version(crd: Json) -> Json:
    found: Json = crd["spec"]["versions"][0]
    return found


def at(crd: Json, *path: str) -> Json:
    """The schema of a field."""
    schema: Json = version(crd)["schema"]["openAPIV3Schema"]
    for name in path:
        schema = schema["items"] if name == "[]" else schema["properties"][name]
    return schema


def spec(crd: Json, *path: str) -> Json:
    return at(crd, "spec", *path)


def rename_rule(crd: Json) -> None:
    spec(crd, "role")["x-kubernetes-validations"][0]["rule"] = "self != 'Agent'"


NARROWER: list[tuple[str, Change, str]] = [
    ("a field is gone", lambda crd: spec(crd)["properties"].pop("team"), "v1alpha1.spec.team is gone"),
    (
        "a field in a list is gone",
        lambda crd: spec(crd, "emails", "[]")["properties"].pop("primary"),
        "emails[].primary",
    ),
    (
        "a status field is gone",
        lambda crd: at(crd, "status")["properties"].pop("userId"),
        "v1alpha1.status.userId is gone",
    ),
    (
        "a word is gone",
        lambda crd: spec(crd, "deletionPolicy")["enum"].remove("Retain"),
        "deletionPolicy: enum lacks Retain",
    ),
    ("a choice is new", lambda crd: spec(crd, "team").update(enum=["A"]), "team: enum lacks everything else"),
    ("a text is shorter", lambda crd: spec(crd, "role").update(maxLength=3), "role: maxLength was 128 and is 3"),
    ("a text is longer", lambda crd: spec(crd, "role").update(minLength=2), "role: minLength was 1 and is 2"),
    ("a list is shorter", lambda crd: spec(crd, "groups").update(maxItems=1), "groups: maxItems was 200 and is 1"),
    ("a limit is new", lambda crd: spec(crd, "groups").update(minItems=1), "groups: minItems was None and is 1"),
    ("a pattern is new", lambda crd: spec(crd, "role").update(pattern="^A"), "role: pattern was None and is '^A'"),
    ("a type is another", lambda crd: spec(crd, "active").update(type="string"), "active: type was 'boolean'"),
    ("a default is another", lambda crd: spec(crd, "active").update(default=False), "active: default was True"),
    ("a default is new", lambda crd: spec(crd, "team").update(default="A"), "team: default was None and is 'A'"),
    (
        "a field is required",
        lambda crd: spec(crd).update(required=["userName", "name", "role"]),
        "spec.role is required now",
    ),
    ("a rule is new", rename_rule, "role: a rule is new: self != 'Agent'"),
    (
        "a list merges otherwise",
        lambda crd: spec(crd, "groups").update({"x-kubernetes-list-type": "atomic"}),
        "list-type",
    ),
    ("a version is not served", lambda crd: version(crd).update(served=False), "v1alpha1 is not served any more"),
    ("a version has another name", lambda crd: version(crd).update(name="v1"), "v1alpha1 is not served any more"),
    ("a selector is gone", lambda crd: version(crd).pop("selectableFields"), "selected by .spec.userName any more"),
    ("a subresource is gone", lambda crd: version(crd).pop("subresources"), "has no subresource status any more"),
    (
        "a scope is another",
        lambda crd: crd["spec"].update(scope="Cluster"),
        "spec.scope was 'Namespaced' and is 'Cluster'",
    ),
    ("a name is another", lambda crd: crd["spec"]["names"].update(plural="people"), "spec.names.plural has changed"),
]


@pytest.mark.parametrize("case", NARROWER, ids=lambda case: case[0])
def test_a_narrower_schema_is_found(users: Json, case: tuple[str, Change, str]) -> None:
    """By kind, and with the path of the field."""
    _, change, said = case
    new = copy.deepcopy(users)
    change(new)
    found = narrowed(users, new)
    assert len(found) >= 1
    assert said in "\n".join(found)


def widen(crd: Json) -> None:
    spec(crd)["properties"]["nickName"] = {"type": "string", "default": "x", "maxLength": 5}
    spec(crd)["required"].remove("name")
    spec(crd, "role").update(maxLength=200, minLength=0, description="Another text.")
    spec(crd, "role").pop("x-kubernetes-validations")
    spec(crd, "deletionPolicy")["enum"].append("Archive")
    spec(crd, "team").pop("maxLength")
    at(crd, "status", "conditions", "[]", "type").pop("pattern")
    spec(crd, "activeFrom").pop("format")
    crd["spec"]["versions"].append({"name": "v1", "served": True, "schema": {"openAPIV3Schema": {"type": "object"}}})


def test_a_wider_schema_is_no_problem(users: Json) -> None:
    """New fields, more room, fewer rules, another version."""
    new = copy.deepcopy(users)
    widen(new)
    assert narrowed(users, new) == []
    assert narrowed(new, users) != []
