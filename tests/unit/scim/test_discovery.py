"""Discovery: what a server says of itself, and which setting it contradicts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.scim.bulk import LARGEST_BYTES
from cxone_operator.scim.dialects.dialect import BulkMode, Dialect, ListMode, Memberships, PatchMode, RoleForm
from cxone_operator.scim.dialects.rfc7644 import RFC7644
from cxone_operator.scim.discovery import Described, agreed, attributes_of, described, fitted
from cxone_operator.scim.messages import USER_SCHEMA

ALL = Described(bulk=True, versions=True)
_names = st.sampled_from(
    ["bulk", "patch", "filter", "etag", "supported", "maxOperations", "maxPayloadSize", "Resources", "id", "attributes"]
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, Described()),
        ({"bulk": {"supported": True, "maxOperations": 7}}, Described(bulk=True, operations=7)),
        ({"bulk": {"supported": True, "maxOperations": 0}}, Described(bulk=True, operations=None)),
        ({"bulk": {"supported": "true", "maxOperations": "7"}}, Described(bulk=True, operations=7)),
        ({"bulk": {"supported": True, "maxPayloadSize": 1000}}, Described(bulk=True, payload_bytes=1000)),
        ({"bulk": {"supported": True, "maxPayloadSize": 10**8}}, Described(bulk=True, payload_bytes=LARGEST_BYTES)),
        ({"bulk": {"supported": "False"}}, Described()),
        ({"bulk": {"supported": 1}}, Described()),
        ({"Bulk": {"Supported": True}, "ETag": {"SUPPORTED": True}}, Described(bulk=True, versions=True)),
        ({"patch": {"supported": False}, "filter": {"supported": False}}, Described(patch=False, filters=False)),
        ({"patch": [], "filter": None, "etag": "yes", "bulk": 3}, Described()),
    ],
)
def test_what_a_server_says_of_itself(body: dict[str, object], expected: Described) -> None:
    """Who describes nothing has filters and PATCH; bulk and ETags must be announced (RFC 7643 section 5)."""
    assert described(body) == expected


@pytest.mark.parametrize(
    ("settings", "server", "expected", "words"),
    [
        ({"bulk": BulkMode.DISCOVER}, ALL, {"bulk": BulkMode.SYNCHRONOUS}, ()),
        ({"bulk": BulkMode.DISCOVER}, Described(), {"bulk": BulkMode.OFF}, ()),
        ({"bulk": BulkMode.OFF}, ALL, {"bulk": BulkMode.OFF}, ()),
        ({"bulk": BulkMode.ASYNC_JOB}, ALL, {"bulk": BulkMode.ASYNC_JOB}, ()),
        ({"bulk": BulkMode.ASYNC_JOB}, Described(), {"bulk": BulkMode.OFF}, ("spec.api.bulk is AsyncJob", "leave")),
        ({"patch": PatchMode.PATCH_OP}, ALL, {"patch": PatchMode.PATCH_OP}, ()),
        ({"patch": PatchMode.PATCH_OP}, Described(patch=False), {"patch": PatchMode.REPLACE}, ()),
        ({"patch": PatchMode.REPLACE}, ALL, {"patch": PatchMode.REPLACE}, ()),
        (
            {"patch": PatchMode.WITHOUT_OP},
            Described(patch=False),
            {"patch": PatchMode.REPLACE},
            ("spec.api.patch is WithoutOp", "has no PATCH", "leave spec.api.patch out"),
        ),
        ({"list": ListMode.FILTER}, ALL, {"list": ListMode.FILTER}, ()),
        ({"list": ListMode.PAGED}, Described(filters=False), {"list": ListMode.PAGED}, ()),
        (
            {"list": ListMode.FILTER},
            Described(filters=False),
            {"list": ListMode.FILTER},
            ("spec.api.list is Filter", "set spec.api.list to Paged"),
        ),
    ],
)
def test_agreed(
    settings: dict[str, object], server: Described, expected: dict[str, object], words: tuple[str, ...]
) -> None:
    """What is left to the server follows it in silence; what somebody has set gets a finding with the remedy."""
    dialect, findings = agreed(replace(Dialect(bulk=BulkMode.OFF), **settings), server)  # type: ignore[arg-type]
    assert {name: getattr(dialect, name) for name in expected} == expected
    assert len(findings) == bool(words)
    assert [word for word in words if word not in "".join(findings)] == []


def attributes(**mutability: str) -> dict[str, object]:
    items = [{"name": name, "mutability": word} for name, word in mutability.items()]
    return {"id": USER_SCHEMA, "attributes": items}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Resources": [{"id": "urn:other"}, attributes(userName="readWrite")]}, {"username": "readwrite"}),
        (attributes(Groups="readOnly"), {"groups": "readonly"}),
        ({"resources": [{"ID": USER_SCHEMA, "Attributes": [{"Name": "x"}, 3, {}]}]}, {"x": "none"}),
        ({"Resources": [{"id": "urn:other"}]}, None),
        ({"Resources": [{"id": USER_SCHEMA}, 7]}, None),
        ({}, None),
    ],
)
def test_attributes(body: dict[str, object], expected: dict[str, str] | None) -> None:
    """Of the User schema, among all or alone; None where nobody tells."""
    assert attributes_of(body) == expected


USERS = {"roles": "readwrite", "groups": "readwrite"}


@pytest.mark.parametrize(
    ("settings", "there", "roles", "memberships", "words"),
    [
        ({}, USERS, RoleForm.VALUES, Memberships.USER, ()),
        ({}, {**USERS, "entitlements": "readwrite"}, RoleForm.VALUES, Memberships.USER, ()),
        ({}, {"groups": "readwrite"}, RoleForm.NONE, Memberships.USER, ()),
        ({}, {**USERS, "roles": "readonly"}, RoleForm.NONE, Memberships.USER, ()),
        (
            {},
            {"groups": "readwrite", "entitlements": "readwrite"},
            RoleForm.NONE,
            Memberships.USER,
            ("spec.api.roleAttribute is roles", "set spec.api.roleAttribute to entitlements"),
        ),
        (
            {"role_attribute": "entitlements"},
            USERS,
            RoleForm.NONE,
            Memberships.USER,
            ("spec.api.roleAttribute is entitlements", "set spec.api.roleAttribute to roles"),
        ),
        ({"roles": RoleForm.NONE}, {"groups": "readwrite"}, RoleForm.NONE, Memberships.USER, ()),
        (
            {},
            {**USERS, "groups": "readonly"},
            RoleForm.VALUES,
            Memberships.NONE,
            ("spec.api.memberships is User", "set spec.api.memberships to Group"),
        ),
        ({}, {"roles": "readwrite"}, RoleForm.VALUES, Memberships.NONE, ("set spec.api.memberships to Group",)),
        ({"memberships": Memberships.GROUP}, {"roles": "readwrite"}, RoleForm.VALUES, Memberships.GROUP, ()),
    ],
)
def test_fitted(
    settings: dict[str, object],
    there: dict[str, str],
    roles: RoleForm,
    memberships: Memberships,
    words: tuple[str, ...],
) -> None:
    """What users do not have, or do not let be written, is not managed; a finding says where it may be."""
    dialect, findings = fitted(replace(Dialect(), **settings), there)  # type: ignore[arg-type]
    assert (dialect.roles, dialect.memberships) == (roles, memberships)
    assert len(findings) == bool(words)
    assert [word for word in words if word not in "".join(findings)] == []


@given(st.dictionaries(_names, json, max_size=5))
def test_whatever_a_server_says_of_itself(body: dict[str, object]) -> None:
    """It is understood as far as it can be, and a dialect comes of it that needs nothing more to be found out."""
    told = described(body)
    dialect, _ = agreed(RFC7644, told)
    assert dialect.bulk in (BulkMode.SYNCHRONOUS, BulkMode.OFF)
    assert 0 < told.payload_bytes <= LARGEST_BYTES
    assert told.operations is None or told.operations > 0
    attributes_of(body)
