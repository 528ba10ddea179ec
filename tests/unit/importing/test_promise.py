"""The promise of an import: whatever is in CXone, applying what was written of it changes nothing there."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxone_operator.api.user import decode_user
from cxone_operator.core.actions import Claim, RemoteAction, Settle
from cxone_operator.core.capabilities import EVERYTHING, Capabilities
from cxone_operator.core.desired import schedule
from cxone_operator.core.facts import Facts
from cxone_operator.core.knowledge import Present
from cxone_operator.core.plan import plan
from cxone_operator.core.users import Field, RemoteUser, key_of
from cxone_operator.importing.accounts import candidates
from cxone_operator.importing.choosing import Tenant, Wish, choose
from cxone_operator.importing.layout import placed
from cxone_operator.importing.manifest import as_yaml, manifest
from cxone_operator.importing.naming import with_names
from cxone_operator.importing.sheet import as_csv, from_csv
from unit.builders import NOW, a_remote, a_tenant
from unit.importing.accounts import many

_DEFAULTS = st.fixed_dictionaries(
    {},
    optional={
        "role": st.just("Agent"),
        "groups": st.sampled_from([[], ["Support-Team"]]),
        "timezone": st.just("Europe/Berlin"),
        "deletionPolicy": st.just("Delete"),
    },
)
TENANTS = st.builds(
    lambda defaults, additive, key, mode: a_tenant(
        defaults=defaults, groupsPolicy=additive, matchBy=key, license={"mode": mode}
    ),
    _DEFAULTS,
    st.sampled_from(["Exact", "Additive"]),
    st.sampled_from([["userName"], ["userName", "employeeId"]]),
    st.sampled_from(["Quota", "None"]),
)
OFFERS = st.sampled_from(
    [
        EVERYTHING,
        Capabilities(unmanaged=frozenset({Field.GROUPS, Field.EMPLOYEE_ID})),
        Capabilities(roles=frozenset({"Agent", "18"}), groups=frozenset({"Support-Team"})),
    ]
)
_EVERYBODY = Wish()


def _stored(body: dict[str, Any], *, claimed: bool) -> dict[str, Any]:
    """As the API server has it after `kubectl apply`, with the text read as YAML is."""
    read = yaml.safe_load(as_yaml(body))
    finalizers = {"finalizers": ["cxone.dev/user"]} if claimed else {}
    return {**read, "metadata": {**read["metadata"], "uid": "1", "namespace": "workforce", **finalizers}}


@given(many(), TENANTS, OFFERS)
@settings(max_examples=200)
@example([a_remote(active=False)], a_tenant(), EVERYTHING)
def test_applying_it_changes_nothing(accounts: list[RemoteUser], tenant: Any, offers: Capabilities) -> None:
    """The operator puts its finalizer on, and settles; whoever cannot be declared so is named instead."""
    context = Tenant(tenant, offers)
    chosen = choose(candidates(accounts, context), _EVERYBODY, context)
    assert len(chosen.people) + len(chosen.left_out) == len(accounts)
    by_id = {account.id: account for account in accounts}
    for name, person in with_names(chosen.people, (), ()):
        body = manifest(person, name, None, "default")
        for claimed, action in ((False, Claim), (True, Settle)):
            user = decode_user(_stored(body, claimed=claimed))
            known = Present(by_id[person.account_id])
            found = plan(Facts(user, tenant, schedule(user.spec, NOW), known, offers=offers))
            assert isinstance(found, action), (found, isinstance(found, RemoteAction))


@given(many(), st.sampled_from(["one-file", "by-user", "by-group"]))
def test_nobody_is_written_over(accounts: list[RemoteUser], layout: Any) -> None:
    """Each resource has a name of its own, and where each has a file, that, too."""
    context = Tenant(a_tenant())
    named = list(with_names(choose(candidates(accounts, context), _EVERYBODY, context).people, (), ()))
    assert len({name for name, _ in named}) == len(named) == len({person.key for _, person in named})
    paths = list(placed(named, layout))
    assert len(paths) == len(named)
    assert all(not path.is_absolute() and ".." not in path.parts for path in paths)
    assert len(set(paths)) == (len(paths) if layout != "one-file" else min(1, len(paths)))


@given(many(), st.randoms(use_true_random=False))
def test_the_same_people_are_the_same_bytes(accounts: list[RemoteUser], random: Any) -> None:
    """In whichever order CXone lists them, and sorted by their names."""
    context = Tenant(a_tenant())

    def written() -> list[str]:
        people = choose(candidates(accounts, context), _EVERYBODY, context).people
        assert [person.key for person in people] == sorted(person.key for person in people)
        return [as_yaml(manifest(person, name, "n", "t")) for name, person in with_names(people, (), ())]

    first = written()
    random.shuffle(accounts)
    assert written() == first


@given(many())
def test_a_sheet_loses_nothing(accounts: list[RemoteUser]) -> None:
    """What is written as CSV is read as it was; the mark of the inactive is not a matter of spreadsheets."""
    context = Tenant(a_tenant(defaults={"groups": ["Support-Team"]}))
    people = choose(candidates(accounts, context), _EVERYBODY, context).people
    read = from_csv("".join(as_csv(people)).encode())
    for before, after in zip(people, read, strict=True):
        assert _comparable(dict(after.spec)) == _comparable(dict(before.spec))
        assert after.guessed == before.guessed
        assert after.key == key_of(before.user_name)


def _comparable(spec: dict[str, Any]) -> dict[str, Any]:
    """The first address is primary where none is marked, and addresses have no order."""
    if "emails" in spec:
        marked = any(item.get("primary") for item in spec["emails"])
        emails = [
            {**item, "primary": item.get("primary", not marked and not n)} for n, item in enumerate(spec["emails"])
        ]
        spec["emails"] = sorted(emails, key=lambda item: item["value"])
    return spec


@pytest.mark.parametrize(
    "value", ["y", "n", "1e5", "0x1f", "1_000", "12:30", "2026-01-01", "null", "~", "<<", "=", "*a"]
)
def test_a_text_is_a_text_for_every_reader(value: str) -> None:
    """Some readers of YAML take more words for numbers and truths than others."""
    assert f': "{value}"\n' in as_yaml({"spec": {"employeeId": value}})
