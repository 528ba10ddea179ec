"""Accounts as CXone may have them: the ordinary, the odd, and those that no CxoneUser can say."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from cxone_operator.core.users import Email, PhoneNumber, RemoteUser, UserState

_ODD = st.text(max_size=20)
_LONG = st.sampled_from([128, 129, 256, 257]).map("x".__mul__)
TEXTS = st.sampled_from(["Agent", "agent", " Agent ", "Zoë", "1e5", "y", "=1+1", "a; b|c\\", "(none)"]) | _ODD | _LONG
NAMES = st.sampled_from(["jane", "Jane", "élodie", "o'neill+hr", "x" * 260, ""])
DOMAINS = st.sampled_from(["example.com", "EXAMPLE.com", "bücher.example", "x.y", "nowhere"])
USER_NAMES = st.builds("{}@{}".format, NAMES, DOMAINS) | st.just("admin")
_TYPES = st.sampled_from(["work", "Work", "home", "mobile", "", "x" * 70, "a|b"])
_ADDRESSES = st.sampled_from(["jane@example.org", "JANE@example.org", "work@x.y", "a|b;c@x.y", "a b@x.com", "nobody"])
_PHONES = st.sampled_from(["+14155550100", "(415) 555-0100", "tel:+1-415-555-0100", "7", "none", "9" * 70, "-5; |6"])
_SOME_EMAILS = st.lists(st.builds(Email, _ADDRESSES, _TYPES, st.booleans()), max_size=4).map(tuple)
_NUMBERS = st.lists(st.builds(PhoneNumber, _PHONES, _TYPES), max_size=12).map(tuple)
_LISTS = st.lists(st.sampled_from(["17", "18", "Agent", "Support-Team"]) | TEXTS, max_size=5).map(tuple)
_ZONES = st.sampled_from(["America/New_York", "asia/calcutta", "(UTC-05:00) Eastern", "UTC"])
_DISPLAYS = st.lists(st.tuples(st.sampled_from(["17", "18"]), TEXTS.filter(bool)), max_size=3).map(tuple)

STATES = st.builds(
    UserState,
    user_name=USER_NAMES,
    given_name=TEXTS,
    family_name=TEXTS,
    active=st.booleans(),
    emails=st.just(()),
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
    """A directory: most in it are different people who have the address that everybody has, and perhaps others."""
    accounts = []
    for number, state in enumerate(draw(st.lists(STATES, max_size=6))):
        odd = draw(st.integers(0, 9)) == 0
        user_name = state.user_name if odd else f"p{number}.{state.user_name.replace('admin', 'admin@x.y')[-200:]}"
        own = (Email(user_name, draw(_TYPES), draw(st.booleans())),)
        emails = draw(st.none() | _SOME_EMAILS) if odd else draw(st.sampled_from([own, (), own])) + draw(_SOME_EMAILS)
        accounts.append(RemoteUser(f"id-{number}", replace(state, user_name=user_name, emails=emails)))
    return accounts
