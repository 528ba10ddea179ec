"""When two userNames are the same one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.core.diff import change_between
from cxone_operator.core.users import Field, key_of
from unit.builders import a_state


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane@Example.COM", "jane@example.com"),
        ("zo\u00eb@example.com", "zoe\u0308@example.com"),
        ("ZO\u00cb@example.com", "zoe\u0308@EXAMPLE.com"),
        ("stra\u00dfe@example.com", "STRASSE@example.com"),
        (
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2@example.com",
            "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3@example.com",
        ),
        ("\u0130nci@example.com", "i\u0307nci@example.com"),
        ("jane@b\u00fccher.example", "jane@xn--bcher-kva.example"),
        ("jane@BU\u0308CHER.example", "JANE@XN--BCHER-KVA.example"),
        ("\u00e9@b\u00fccher.example", "e\u0301@xn--bcher-kva.example"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    """Case, composition and the two forms of a domain make no other person; nor is that drift."""
    assert key_of(one) == key_of(other)
    assert change_between(a_state(user_name=one), a_state(user_name=other)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("inci@example.com", "\u0131nci@example.com"),
        ("inci@example.com", "\u0130nci@example.com"),
        ("jane@stra\u00dfe.example", "jane@strasse.example"),
        ("zoe@example.com", "zo\u00eb@example.com"),
        ("jane@example.com", "jane@example.org"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    """Letters that only look alike, and domains that IDNA keeps apart, are other people."""
    assert key_of(one) != key_of(other)
    change = change_between(a_state(user_name=one), a_state(user_name=other))
    assert change is not None
    assert change.fields == (Field.USER_NAME,)


@given(st.text(max_size=60) | st.text(alphabet="@.-xn\u00fc\u0130\ud800\u2603\u200d", max_size=20))
def test_garbage_never_raises(text: str) -> None:
    """Whatever CXone or a resource says: a key is always found, and is its own."""
    assert key_of(key_of(text)) == key_of(text)
