"""A flood of HR events from many connections at once, disordered and repeated, and a judge of what came of it.

Every event of one person has its own time. They are sent in a disturbed order, some of them several times, and each
until it gets an answer that is not "later". In the end the resource of each person must remember a history in order,
without repetition, that ends with the newest event, and be what that history makes of it.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from cxone_operator.bridge.sender import signed

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_DISORDER = 12
"""How many places an event may be away from its turn."""
_PAUSE_SECONDS = 0.1
_DEADLINE_SECONDS = 120.0


@dataclass(frozen=True)
class Event:
    """One event of one person."""

    id: str
    person: str
    turn: int
    action: str

    @property
    def time(self) -> datetime:
        """When it happened."""
        return _BEGIN + timedelta(minutes=self.turn)

    def body(self) -> bytes:
        """What is sent; a terminate says a role, too, which must not count."""
        role = f"Role-{self.turn}"
        said = {"action": self.action, "email": self.person, "role": role, "occurredAt": self.time.isoformat()}
        return json.dumps(said).encode()


@dataclass
class Told:
    """What the senders were told."""

    accepted: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)
    later: int = 0
    """Answers 503 and 404, and broken connections."""
    unexpected: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Of each request that was answered with 2xx."""


def events(people: int, turns: int, repeated: int, seed: int) -> list[Event]:
    """Deliveries in a disturbed order: each event once, and `repeated` of them a second time."""
    chance = random.Random(seed)
    actions = ("hire", "update", "terminate", "rehire")
    planned = [
        Event(f"msg_{person}_{turn}", f"person-{person:05}@flood.example", turn, actions[turn % len(actions)])
        for turn in range(turns)
        for person in range(people)
    ]
    planned += chance.sample(planned, repeated)
    places = {id(event): index for index, event in enumerate(planned)}
    reach = _DISORDER + people
    keyed = [(places[id(event)] + chance.uniform(0, reach), index) for index, event in enumerate(planned)]
    return [planned[index] for _, index in sorted(keyed)]


async def send_all(
    url: Iterable[str], secret: bytes, deliveries: list[Event], connections: int, told: Told | None = None
) -> Told:
    """Send them to the addresses in turn, from that many connections, until each has its answer."""
    told = told if told is not None else Told()
    queue = deque(deliveries)
    addresses = list(url)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections), timeout=aiohttp.ClientTimeout(total=30)
    ) as session:

        async def sender(number: int) -> None:
            while queue:
                event = queue.popleft()
                if not await _send(session, addresses[number % len(addresses)], secret, event, told):
                    queue.append(event)

        await asyncio.gather(*(sender(number) for number in range(connections)))
    return told


async def _send(session: aiohttp.ClientSession, url: str, secret: bytes, event: Event, told: Told) -> bool:
    """False where it must wait for another event: an update of somebody whose hire has not come yet."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _DEADLINE_SECONDS
    while loop.time() < deadline:
        data = event.body()
        started = loop.time()
        try:
            async with session.post(
                url, data=data, headers=signed(secret, event.id, data, datetime.now(UTC))
            ) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError):
            told.later += 1
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        if answer.status == 503:
            told.later += 1
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        if answer.status == 404 and event.action == "update":
            told.later += 1
            return False
        told.seconds.append(loop.time() - started)
        if answer.status in (200, 202):
            (told.accepted if answer.status == 202 else told.ignored).add(event.id)
        else:
            told.unexpected.append(f"{event.id}: {answer.status} {text}")
        return True
    told.unexpected.append(f"{event.id}: no answer within {_DEADLINE_SECONDS:.0f} s")
    return True


def complaints(deliveries: list[Event], told: Told, resources: list[dict[str, Any]]) -> list[str]:
    """What is not as promised; empty where all is well."""
    by_person: dict[str, dict[str, Event]] = defaultdict(dict)
    for event in deliveries:
        by_person[event.person][event.id] = event
    stored = defaultdict(list)
    for resource in resources:
        stored[resource["spec"]["userName"]].append(resource)
    found = list(told.unexpected)
    found += [f"{person} has {len(stored[person])} resources" for person in by_person if len(stored[person]) != 1]
    for person, known in by_person.items():
        if len(stored[person]) == 1:
            found += _of_person(person, known, told, stored[person][0])
    return found


def _of_person(person: str, known: dict[str, Event], told: Told, resource: dict[str, Any]) -> list[str]:
    remembered = json.loads(resource["metadata"]["annotations"]["cxone.dev/hr-events"])
    history = [known[item["id"]] for item in remembered]
    ids = [event.id for event in history]
    turns = [event.turn for event in history]
    newest = max(event.turn for event in known.values())
    expected = _outcome(history)
    actual = {"active": resource["spec"]["active"], "role": resource["spec"].get("role")}
    checks = [
        (len(set(ids)) == len(ids), "applied an event twice"),
        (turns == sorted(turns), "applied events out of order"),
        (turns[-1] == newest, "does not end with the newest event"),
        (set(ids) == told.accepted & known.keys(), "was told otherwise than what is in effect"),
        (not told.ignored & set(ids), "was told that an applied event is ignored"),
        (actual == expected, f"is {actual} and should be {expected}"),
    ]
    return [f"{person} {what}: {ids}" for holds, what in checks if not holds]


def _outcome(history: list[Event]) -> dict[str, Any]:
    """What the applied events make of a person."""
    state: dict[str, Any] = {"active": True, "role": None}
    for event in history:
        if event.action != "terminate":
            state["role"] = f"Role-{event.turn}"
        if event.action != "update":
            state["active"] = event.action != "terminate"
    return state
