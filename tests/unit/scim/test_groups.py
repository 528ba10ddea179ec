"""Groups that say themselves who is in them: everybody ends up where they are wanted, and nobody else is harmed."""

from __future__ import annotations

import asyncio
from math import ceil, log2

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxone_operator.api.reasons import Reason
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser
from cxone_operator.scim.dialects.rfc7644 import RFC7644
from cxone_operator.scim.errors import (
    BadRequest,
    ConnectionLost,
    Incomplete,
    NotFound,
    ServerError,
)
from cxone_operator.scim.groups import MOST_MEMBERS, Groups
from cxone_operator.scim.transport import Transport
from unit.scim.conftest import Server, json_answer
from unit.scim.model import PEOPLE, REPLACE, GroupServer, join, serve, shown, state

# Who is in which.


async def test_users_are_shown_with_their_groups(server: Server, transport: Transport) -> None:
    """By name, with the id beside it."""
    groups = await serve(server, transport, GroupServer({"sales": {"a", "b"}, "support": {"b"}}))
    (user,) = await groups.filled((RemoteUser("b", state()),), Lane.UPDATES)
    assert user.state.groups == ("Sales", "Support")
    assert user.state.displays == (("Sales", "sales"), ("Support", "support"))
    assert groups.names == {"Sales", "Support"}


async def test_a_list_with_a_hole_shows_nobody(server: Server, transport: Transport) -> None:
    """Whoever is in the group that is missing would be put out of sight."""
    server.answers = [json_answer(200, {"totalResults": 2, "Resources": [{"id": "a"}, {"displayName": "no id"}]})]
    with pytest.raises(Incomplete, match="1 of 2"):
        await Groups(transport, RFC7644, versions=False).read(Lane.UPDATES)


async def test_groups_of_one_name_are_known_by_their_ids(server: Server, transport: Transport) -> None:
    """And the name alone is refused, as nobody knows which is meant."""
    twins = [{"id": "1", "displayName": "Sales"}, {"id": "2", "displayName": "SALES", "members": [{"value": "a"}]}]
    server.answers = [json_answer(200, {"totalResults": 2, "Resources": twins})]
    groups = Groups(transport, RFC7644, versions=False)
    await groups.read(Lane.UPDATES)
    assert await shown(groups, "a") == [("2",)]
    assert await groups.check([["1"]], Lane.UPDATES) == [None]
    (problem,) = await groups.check([["Sales"]], Lane.UPDATES)
    assert "several groups are called 'Sales'; write the id of the one that is meant: 1, 2" in str(problem)


async def test_a_group_that_is_new_is_found(server: Server, transport: Transport) -> None:
    """Once for all who ask at the same time; what is still missing is named."""
    model = GroupServer({"sales": set()}, PEOPLE)
    groups = await serve(server, transport, model)
    model.groups["support"] = set()
    ends = await asyncio.gather(*(join(groups, f"u{number}", "support") for number in range(20)))
    assert (set(ends), len(model.groups["support"])) == ({None}, 20)
    assert model.asked["GET"] == 2
    problem = await join(groups, "u1", "Supprot")
    assert problem is not None
    assert (problem.message, problem.specific_reason) == ("there is no group 'Supprot'", Reason.GROUP_NOT_FOUND)


# Many at once.


@pytest.mark.parametrize("dialect", [RFC7644, REPLACE], ids=["PATCH", "PUT"])
async def test_many_go_together(server: Server, transport: Transport, dialect: object) -> None:
    """As many as a request takes, and nobody's request is another's failure."""
    model = GroupServer({"sales": {"outsider"}}, PEOPLE)
    groups = await serve(server, transport, model, dialect)
    ends = await asyncio.gather(*(join(groups, user_id, "Sales") for user_id in PEOPLE))
    assert set(ends) == {None}
    assert model.groups["sales"] == PEOPLE | {"outsider"}
    assert model.asked_of("sales") == 3 * (1 if dialect is RFC7644 else 2)
    assert model.largest <= MOST_MEMBERS


@pytest.mark.parametrize("unknown", [400, 404])
async def test_one_who_is_refused_harms_nobody(server: Server, transport: Transport, unknown: int) -> None:
    """It is found by halves: as many requests as the number of members has binary digits, twice."""
    model = GroupServer({"sales": set()}, PEOPLE, unknown=unknown)
    groups = await serve(server, transport, model)
    people = [*sorted(PEOPLE)[:25], "nobody", *sorted(PEOPLE)[25:49]]
    ends = await asyncio.gather(*(join(groups, user_id, "Sales") for user_id in people))
    refused = [user_id for user_id, end in zip(people, ends, strict=True) if end is not None]
    assert refused == ["nobody"]
    assert model.groups["sales"] == set(people) - {"nobody"}
    assert model.asked["PATCH sales"] <= 2 * ceil(log2(50)) + 1


@pytest.mark.parametrize("absent", [0, 400, 404])
@pytest.mark.parametrize("filters", [True, False])
async def test_whoever_leaves_takes_nobody_along(
    server: Server, transport: Transport, absent: int, filters: bool
) -> None:
    """Where a server refuses to select a member, and where that member was out already.

    A removal that names its members otherwise than by a filter would empty the group of a server that keeps to RFC
    7644, section 3.5.2.2.
    """
    model = GroupServer({"sales": set(PEOPLE)}, PEOPLE, filters=filters, absent=absent)
    groups = await serve(server, transport, model)
    model.groups["sales"] -= {"u0"}
    people = ["u0", "u1", "u2"]
    ends = await asyncio.gather(*(join(groups, user_id, out_of=("Sales",)) for user_id in people))
    assert model.groups["sales"] == PEOPLE - set(people)
    assert [type(end) for end in ends if end is not None] in ([], [NotFound])
    assert model.asked_of("sales") < 12
    await asyncio.gather(*(join(groups, user_id, out_of=("Sales",)) for user_id in ("u3", "u4")))
    assert model.groups["sales"] == PEOPLE - {*people, "u3", "u4"}


async def test_a_filter_that_is_refused_is_not_tried_again(server: Server, transport: Transport) -> None:
    """The whole group is put from then on, which every server must take (RFC 7644 section 3.5)."""
    model = GroupServer({"sales": set(PEOPLE)}, PEOPLE, filters=False)
    groups = await serve(server, transport, model)
    await join(groups, "u1", out_of=("Sales",))
    model.asked.clear()
    await asyncio.gather(*(join(groups, f"u{number}", out_of=("Sales",)) for number in range(2, 50)))
    assert model.asked == {"GET sales": 1, "PUT sales": 1}


async def test_a_server_without_both_is_asked_for_nothing_dangerous(server: Server, transport: Transport) -> None:
    """The refusal is told, and everybody stays."""
    model = GroupServer({"sales": {"u1", "u2"}}, PEOPLE, filters=False, puts=False)
    groups = await serve(server, transport, model)
    assert isinstance(await join(groups, "u1", out_of=("Sales",)), BadRequest)
    assert model.groups["sales"] == {"u1", "u2"}


# Groups that go.


async def test_a_group_that_is_gone(server: Server, transport: Transport) -> None:
    """Nobody can join it, and whoever is to leave it has."""
    model = GroupServer({"sales": {"u1"}, "support": set()}, PEOPLE)
    groups = await serve(server, transport, model)
    del model.groups["sales"]
    leaver, joiner = await asyncio.gather(join(groups, "u1", out_of=("Sales",)), join(groups, "u2", "Sales"))
    assert leaver is None
    assert joiner is not None
    assert (joiner.message, joiner.specific_reason) == ("there is no group 'Sales'", Reason.GROUP_NOT_FOUND)
    assert await shown(groups, "u1") == [()]


async def test_a_group_that_goes_while_another_is_joined(server: Server, transport: Transport) -> None:
    """Is told, and not passed over."""
    model = GroupServer({"a": set(), "b": set()}, PEOPLE)
    groups = await serve(server, transport, model)
    model.hold = hold = asyncio.Event()
    moving = asyncio.create_task(join(groups, "u1", "A", "B"))
    await model.arrived.wait()
    del model.groups["b"]
    await groups.read(Lane.UPDATES)
    hold.set()
    end = await moving
    assert end is not None
    assert end.message == "there is no group 'B'"
    assert model.groups["a"] == {"u1"}


async def test_a_group_that_cannot_be_read_is_asked_for_once(server: Server, transport: Transport) -> None:
    """Everybody who waits shares the failure; a thousand users do not repeat it."""
    model = GroupServer({"sales": set()}, PEOPLE)
    groups = await serve(server, transport, model)
    model.statuses = {"PATCH": 404, "GET": 500}
    ends = await asyncio.gather(*(join(groups, f"u{number}", "Sales") for number in range(50)))
    assert {type(end) for end in ends} == {ServerError}
    assert model.asked_of("sales") == 2


# Whoever gives up.


async def test_a_holder_that_dies_loses_nobody(server: Server, transport: Transport) -> None:
    """It sends for all who wait; the next of them does so in its place."""
    model = GroupServer({"sales": set()}, PEOPLE)
    groups = await serve(server, transport, model)
    model.hold = asyncio.Event()
    holder = asyncio.create_task(join(groups, "u0", "Sales"))
    others = [asyncio.create_task(join(groups, f"u{number}", "Sales")) for number in range(1, 50)]
    await model.arrived.wait()
    holder.cancel()
    assert set(await asyncio.gather(*others)) == {None}
    assert model.groups["sales"] >= {f"u{number}" for number in range(1, 50)}
    with pytest.raises(asyncio.CancelledError):
        await holder
    assert await join(groups, "u60", "Sales") is None, "the lock is free"


async def test_one_that_waits_and_dies_is_left_out(server: Server, transport: Transport) -> None:
    """And nobody else is."""
    model = GroupServer({"sales": set()}, PEOPLE)
    groups = await serve(server, transport, model)
    model.hold = hold = asyncio.Event()
    holder = asyncio.create_task(join(groups, "u0", "Sales"))
    await model.arrived.wait()
    others = [asyncio.create_task(join(groups, f"u{number}", "Sales")) for number in range(1, 10)]
    await asyncio.sleep(0)
    others[3].cancel()
    await asyncio.gather(others[3], return_exceptions=True)
    hold.set()
    await asyncio.gather(holder, *others, return_exceptions=True)
    assert model.groups["sales"] == {f"u{number}" for number in range(10)} - {"u4"}


async def test_a_server_that_is_too_slow(server: Server, transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is in that request is told, as nobody knows what came of it; who has come meanwhile goes on, together."""
    model = GroupServer({"sales": set()}, PEOPLE)
    groups = await serve(server, transport, model)
    model.hold = hold = asyncio.Event()
    monkeypatch.setattr("cxone_operator.scim.transport.TIMEOUT", aiohttp.ClientTimeout(total=2))
    slow = asyncio.create_task(join(groups, "u0", "Sales"))
    await model.arrived.wait()
    monkeypatch.undo()
    others = [asyncio.create_task(join(groups, f"u{number}", "Sales")) for number in range(1, 20)]
    assert isinstance(await slow, ConnectionLost)
    assert set(await asyncio.gather(*others)) == {None}
    hold.set()
    assert (model.asked["PATCH sales"], len(model.groups["sales"])) == (2, 19)


# Whatever is asked for.

IDS, KINDS = tuple(f"p{number}" for number in range(8)), ("a", "b", "c")
members_of = st.sets(st.sampled_from(IDS))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.fixed_dictionaries(dict.fromkeys(KINDS, members_of)),
    wanted=st.fixed_dictionaries(dict.fromkeys(IDS, st.sets(st.sampled_from(KINDS)))),
    ghosts=st.sets(st.sampled_from(IDS), max_size=3),
    shows=st.sampled_from(["members", "nothing", "name"]),
    filters=st.booleans(),
    absent=st.sampled_from([0, 400, 404]),
    unknown=st.sampled_from([400, 404]),
    replaces=st.booleans(),
)
async def test_everybody_is_where_they_are_wanted(
    server: Server,
    transport: Transport,
    before: dict[str, set[str]],
    wanted: dict[str, set[str]],
    ghosts: set[str],
    shows: str,
    filters: bool,
    absent: int,
    unknown: int,
    replaces: bool,
) -> None:
    """Whoever exists is in exactly the groups that are wanted, and shown so; who does not exist harms nobody."""
    start = {group: {*members, "outsider"} - ghosts for group, members in before.items()}
    model = GroupServer(
        {group: set(members) for group, members in start.items()},
        frozenset(IDS) - ghosts,
        shows=shows,
        filters=filters,
        absent=absent,
        unknown=unknown,
    )
    groups = await serve(server, transport, model, REPLACE if replaces else RFC7644)
    has = {user: tuple(group for group in KINDS if user in start[group]) for user in IDS}
    await asyncio.gather(*(join(groups, user, *wanted[user], out_of=has[user]) for user in IDS))
    people = sorted(set(IDS) - ghosts)
    found = {user: {group for group in KINDS if user in model.groups[group]} for user in people}
    assert found == {user: wanted[user] for user in people}
    assert all("outsider" in members for members in model.groups.values())
    assert await shown(groups, *people) == [tuple(group.upper() for group in sorted(wanted[user])) for user in people]
