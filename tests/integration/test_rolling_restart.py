"""An upgrade under load: both replicas are replaced, one after the other, while people come, move and go."""

from __future__ import annotations

import threading
from collections import Counter
from types import TracebackType

from integration.conftest import StartReplica
from support.cxone import Company
from support.waiting import eventually

ROUNDS = 3
PAUSE_SECONDS = 0.1
MOVES_AFTER = 4
"""How many people later somebody moves."""


class Workday:
    """People's edits, one person after the other, in a thread of its own until the block ends."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._errors: list[Exception] = []
        self.joined: list[str] = []
        self.moved: set[str] = set()
        self.left: set[str] = set()
        self.deleted: set[str] = set()

    def __enter__(self) -> Workday:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        assert self._errors == []

    def _work(self) -> None:
        try:
            while not self._over.wait(PAUSE_SECONDS):
                self._next_person()
        except Exception as error:
            self._errors.append(error)

    def _next_person(self) -> None:
        number = len(self.joined)
        self._company.create(f"p{number:03}")
        self.joined.append(f"p{number:03}")
        name = self.joined[max(0, number - MOVES_AFTER)]
        if name not in self.deleted:
            self._company.change(name, role="Supervisor")
            self.moved.add(name)
        leaver = self._somebody_to_go() if number % 3 == 0 else None
        if leaver is not None and number % 2:
            self._company.leave(leaver)
            self.left.add(leaver)
        elif leaver is not None:
            self._company.delete(leaver)
            self.deleted.add(leaver)

    def _somebody_to_go(self) -> str | None:
        """Whoever has an account longest: who has none yet is waited for, as it may still be created (35 s)."""
        known = {person["userName"] for person in self._company.remote_users()}
        staying = (name for name in self.joined if name not in self.left | self.deleted)
        return next((name for name in staying if f"{name}@example.com" in known), None)


def test_a_rolling_restart_loses_and_doubles_nothing(own_company: Company, replicas: StartReplica) -> None:
    """As a Deployment does it: the new one is ready before the old one is told to stop; three times over."""
    old = [replicas(), replicas()]
    with Workday(own_company) as day:
        for _ in range(ROUNDS):
            for replica in old:
                new = replicas()
                eventually(lambda new=new: new.answers("readyz"))
                replica.stop()
                old = [*old[1:], new]
    everybody = {f"{name}@example.com" for name in day.joined}
    gone = {f"{name}@example.com" for name in day.left | day.deleted}
    eventually(lambda: _settled(own_company, day), 30)

    journal = own_company.journal()
    effects = Counter((entry["userName"], entry["effect"]) for entry in journal)
    assert {name: effects[name, "created"] for name in everybody} == dict.fromkeys(everybody, 1)
    assert {name for (name, effect) in effects if effect == "deactivated"} == gone
    assert max(effects.values()) == 1, effects.most_common(3)
    remote = {person["userName"]: person for person in own_company.remote_users()}
    assert {name for name, person in remote.items() if person["active"]} == everybody - gone
    assert all(person["licensed"] == person["active"] for person in remote.values())
    roles = {name: remote[f"{name}@example.com"]["roles"] for name in day.moved - day.deleted}
    assert {str(role) for role in roles.values()} == {"[{'value': 'Supervisor'}]"}
    _compare_with_trail(own_company, journal)


def _settled(company: Company, day: Workday) -> bool:
    """Everybody is as declared, by their own resources, and the deleted resources are gone."""
    users = company.users()
    names = {body["metadata"]["name"] for body in users}
    ready = [
        condition["status"] == "True"
        for body in users
        for condition in body["status"]["conditions"]
        if condition["type"] == "Ready" and body["status"].get("observedGeneration") == body["metadata"]["generation"]
    ]
    return names == set(day.joined) - day.deleted and len(ready) == len(users) and all(ready)


def _compare_with_trail(company: Company, journal: list[dict[str, str]]) -> None:
    """Every effect has exactly one line, whichever replica wrote it, also what was under way when one was stopped."""
    lines = Counter(
        (line["remoteRequestId"], line["userName"])
        for line in company.trail()
        if line["result"] in ("success", "unknown") and "remoteRequestId" in line
    )
    effects = {(entry["requestId"], entry["userName"]) for entry in journal if entry["requestId"]}
    assert [effect for effect in effects if lines[effect] != 1] == []
