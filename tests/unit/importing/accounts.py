"""Accounts as CXone may have them: the ordinary, the odd, and those that no CxoneUser can say."""

from __future__ import annotations

from hypothesis import strategies as st

from cxone_operator.core.users import Email, PhoneNumber, RemoteUser, UserState

_ODD = st.text(max_size=20)
_LONG = st.integers(120, 300).map("x".__mul__)
TEXTS = st.sampled_from(["Agent", "agent", " Agent ", "Zoë", "1e5", "y", "=1+1", "a; b|c\\", "(none)"]) | _ODD | _LONG
NAMES = st.sampled_from(["jane", "Jane", "élodie", "o'neill+hr", "x" * 260, ""])
DOMAINS = st.sampled_from(["example.com", "EXAMPLE.com", "bücher.example", "nowhere"])
USER_NAMES = st.builds("{}@{}".format, NAMES, DOMAINS) | st.just("admin")
_TYPES = st.sampled_from(["work", "Work", "home", "mobile", "", "x" * 70, "a|b"])
_ADDRESSES = USER_NAMES | st.sampled_from(["a b@x.com", "jane@example.org"])
_PHONES = st.sampled_from(["+14155550100", "(415) 555-0100", "tel:+1-415-555-0100", "none", "", "9" * 70, "-5; |6"])
_EMAILS = st.lists(st.builds(Email, _ADDRESSES, _TYPES, st.booleans()), max_size=4).map(tuple)
_NUMBERS = st.lists(st.builds(PhoneNumber, _PHONES, _TYPES), max_size=12).map(tuple)
_LISTS = st.lists(st.sampled_from(["17", "18", "Agent", "Support-Team", ""]) | TEXTS, max_size=5).map(tuple)
_ZONES = st.sampled_from(["America/New_York", "asia/calcutta", "(UTC-05:00) Eastern", "UTC"])
_DISPLAYS = st.lists(st.tuples(st.sampled_from(["17", "18"]), TEXTS.filter(bool)), max_size=3).map(tuple)

STATES = st.builds(
    UserState,
    user_name=USER_NAMES,
    given_name=TEXTS,
    family_name=TEXTS,
    active=st.booleans(),
    emails=st.none() | _EMAILS,
    roles=st.none() | _LISTS,
    groups=st.none() | _LISTS,
    display_name=st.none() | TEXTS,
    phone_numbers=st.none() | _NUMBERS,
    timezone=st.none() | _ZONES,
    team=st.none() | TEXTS,
    employee_id=st.none() | st.sampled_from(["7", "8"]) | TEXTS,
    displays=_DISPLAYS,
)


@st.composite
def many(draw: st.DrawFn) -> list[RemoteUser]:
    """A directory."""
    states = draw(st.lists(STATES, max_size=8))
    return [RemoteUser(f"id-{number}", state) for number, state in enumerate(states)]
