"""What an import takes for sayable is what the CRD takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cxone_operator.importing import limits
from cxone_operator.importing.limits import Limit
from cxone_operator.importing.sheet import COLUMNS

CRD = Path(__file__).parents[3] / "crds" / "cxoneusers.yaml"


def schema(*path: str) -> Any:
    """Of a field of the spec."""
    version = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
    found = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for name in path:
        found = found["items"] if name == "[]" else found["properties"][name]
    return found


@pytest.mark.parametrize(
    ("limit", "path", "shape"),
    [
        (limits.USER_NAME, ("userName",), "{}@example.com"),
        (limits.NAME, ("name", "givenName"), "{}"),
        (limits.NAME, ("name", "familyName"), "{}"),
        (limits.ROLE, ("role",), "{}"),
        (limits.ROLE, ("secondaryRoles", "[]"), "{}"),
        (limits.GROUP, ("groups", "[]"), "{}"),
        (limits.DISPLAY_NAME, ("displayName",), "{}"),
        (limits.TEAM, ("team",), "{}"),
        (limits.EMPLOYEE_ID, ("employeeId",), "{}"),
        (limits.TIMEZONE, ("timezone",), "{}"),
        (limits.ADDRESS, ("emails", "[]", "value"), "{}@example.com"),
        (limits.TYPE, ("emails", "[]", "type"), "{}"),
        (limits.NUMBER, ("phoneNumbers", "[]", "value"), "{}7"),
        (limits.TYPE, ("phoneNumbers", "[]", "type"), "{}"),
    ],
)
def test_a_text_may_be_as_long_as_in_the_crd(limit: Limit, path: tuple[str, ...], shape: str) -> None:
    """And not longer, and not empty."""
    longest = schema(*path)["maxLength"]
    room = longest - len(shape.format(""))
    assert limit.fits(shape.format("x" * room))
    assert not limit.fits(shape.format("x" * (room + 1)))
    assert not limit.fits("")


def test_a_list_may_be_as_long_as_in_the_crd() -> None:
    """And not longer."""
    assert schema("secondaryRoles")["maxItems"] == limits.MOST_ROLES
    assert schema("groups")["maxItems"] == limits.MOST_GROUPS
    assert schema("emails")["maxItems"] == schema("phoneNumbers")["maxItems"] == limits.MOST_CONTACTS


def test_a_sheet_has_a_column_for_all_that_an_account_has() -> None:
    """What is left is policy, not a person."""
    policy = {
        "tenantRef",
        "activeFrom",
        "activeUntil",
        "deletionPolicy",
        "adoptionPolicy",
        "managementPolicy",
        "suspend",
    }
    assert set(COLUMNS) - {"givenName", "familyName"} == schema()["properties"].keys() - policy - {"name"}
