"""Names of resources and people."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.core.naming import is_user_name, person_name, resource_names

DNS = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("jane.smith@example.com", ("Jane", "Smith")),
        ("jane@x.com", ("Jane", "X")),
        ("jane.smith+hr@x.com", ("Jane", "Smith")),
        ("jane_smith-lee@x.com", ("Jane", "Smith Lee")),
        ("JSMITH@example.com", ("JSMITH", "Example")),
        ("12345@x.com", ("12345", "X")),
        ("élodie.çelik@x.com", ("Élodie", "Çelik")),
        ("+tag@x.com", ("Tag", "X")),
        ("_@x.com", ("User", "X")),
    ],
)
def test_a_person_is_named_as_well_as_an_address_tells(email: str, name: tuple[str, str]) -> None:
    """The best guess, and never nothing."""
    assert person_name(email) == name


@given(st.emails())
def test_no_name_is_empty_or_too_long(email: str) -> None:
    """CXone refuses an empty one, and the CRD a long one."""
    for part in person_name(email):
        assert 0 < len(part) <= 128
        assert part == part.strip()


@pytest.mark.parametrize(
    ("user_name", "readable"),
    [
        ("jane.smith@example.com", "jane-smith-"),
        ("Jane.Smith@Example.com", "jane-smith-"),
        ("élodie@x.com", "lodie-"),
        ("+++@x.com", "user-"),
        (f"{'a-' * 60}@x.com", "a-a-"),
    ],
)
def test_resources_are_named_readably(user_name: str, readable: str) -> None:
    """Somebody who reads `kubectl get cxu` finds a person."""
    assert next(resource_names(user_name)).startswith(readable)


@given(st.emails())
def test_names_are_safe_and_the_same_in_any_case(email: str) -> None:
    """DNS-1123 labels, so that they fit everywhere; a replica that gets another spelling makes the same."""
    names = list(resource_names(email))
    assert all(DNS.fullmatch(name) and len(name) <= 253 for name in names)
    assert len(set(names)) == len(names) > 1
    assert names == list(resource_names(email.lower()))


def test_alike_is_not_the_same() -> None:
    """People whose readable parts are alike get different names."""
    alike = ["jane.smith@x.com", "jane-smith@x.com", "jane.smith@y.com", "jane+smith@x.com"]
    assert len({next(resource_names(user_name)) for user_name in alike}) == len(alike)


def test_an_employee_has_one_name_whatever_the_address() -> None:
    """So that two replicas that hire them at two addresses meet at one name; an employeeId has its case."""
    one, two = (list(resource_names(email, "E 17")) for email in ("a@x.com", "b@x.com"))
    assert one == two
    assert one[0].startswith("e-17-")
    assert next(resource_names("a@x.com", "e 17")) not in one


@pytest.mark.parametrize(
    ("user_name", "fits"),
    [
        ("jane.smith@example.com", True),
        ("Élodie@bücher.example", True),
        ("o'neill+hr@x.co", True),
        ("admin", False),
        ("a@b", False),
        ("a@b@x.com", False),
        ("jane smith@x.com", False),
        ("jane@x_y.com", False),
        ("jane@-x.com", False),
        (f"{'a' * 250}@x.com", False),
    ],
)
def test_a_user_name_has_the_form_of_an_address(user_name: str, fits: bool) -> None:
    """As the CRD says."""
    assert is_user_name(user_name) is fits
