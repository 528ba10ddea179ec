"""Who owns what, read from managedFields as the API server writes them."""

from __future__ import annotations

from typing import Any

from cxone_operator.bridge.ownership import applied_spec, other_owner


def entry(manager: str, fields: dict[str, Any], operation: str = "Apply", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": fields}, **more}


def resource(*entries: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(entries)}, "spec": spec}


NAME = {"f:name": {"f:givenName": {}, "f:familyName": {}}}


def test_what_the_bridge_applied_comes_back_with_the_values_of_now() -> None:
    """Leaves, members of objects, and members of sets."""
    ours = entry("cxone-hr-bridge", {**NAME, "f:role": {}, "f:groups": {".": {}, 'v:"A \\"b\\""': {}}})
    body = resource(
        ours, name={"givenName": "J", "familyName": "S", "middle": "x"}, role="Agent", groups=['A "b"', "Git"]
    )
    assert applied_spec(body) == {
        "name": {"givenName": "J", "familyName": "S"},
        "role": "Agent",
        "groups": ['A "b"'],
    }


def test_a_list_that_was_applied_empty_stays_empty() -> None:
    """Members that others have put in are not ours."""
    assert applied_spec(resource(entry("cxone-hr-bridge", {"f:groups": {}}), groups=["Git"])) == {"groups": []}


def test_nothing_else_is_ours() -> None:
    """Other managers, other ways to write, the status, and fields that are gone by now."""
    body = resource(
        entry("git", {"f:role": {}}),
        entry("cxone-hr-bridge", {"f:team": {}}, operation="Update"),
        entry("cxone-hr-bridge", {"f:active": {}}, subresource="status"),
        entry("cxone-hr-bridge", {"f:timezone": {}}),
        role="Agent",
        team="X",
        active=True,
    )
    assert applied_spec(body) == {}
    assert other_owner(body, "role") == "git"
    assert other_owner(body, "timezone") is None
    assert other_owner(body, "activeUntil") is None


def test_a_body_without_managed_fields_is_nobodys() -> None:
    """As are those that make no sense."""
    for body in ({}, {"metadata": {"managedFields": "x"}}, {"metadata": {"managedFields": [1, {}]}, "spec": []}):
        assert applied_spec(body) == {}
        assert other_owner(body, "role") is None
