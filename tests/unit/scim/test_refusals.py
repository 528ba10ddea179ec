"""Refusals: the words for people are found, in whichever form a server has them."""

from __future__ import annotations

import json

import pytest

from cxone_operator.scim import refusals

INSIDE = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": "no 'X'", "scimType": "invalidValue"}


@pytest.mark.parametrize(
    ("body", "detail", "scim_type"),
    [
        (INSIDE, "no 'X'", "invalidValue"),
        ({"code": 400, "message": json.dumps(INSIDE)}, "no 'X'", "invalidValue"),
        ({"status": "404", "response": INSIDE}, "no 'X'", "invalidValue"),
        ({"message": "no", "errors": [{"message": "a"}, {"message": "b"}, {"message": "a"}]}, "no; a; b", ""),
        ({**INSIDE, "urn:x:Error": {"generalErrors": [{"message": "why"}]}}, "no 'X'; why", "invalidValue"),
        ({"message": "{ is no JSON"}, "{ is no JSON", ""),
        ({"error": {"message": "other"}}, "other", ""),
        ({"errors": "none", "message": 7}, "none", ""),
        ([INSIDE], "", ""),
    ],
)
def test_errors_of_other_shapes(body: object, detail: str, scim_type: str) -> None:
    """Wrapped in another error, or counted up in a list."""
    raw_body = json.dumps(body).encode()
    assert (refusals.said(raw_body, {}), refusals.word(raw_body, "scimType")) == (detail, scim_type)
