"""The tenant: users, their seats, and the rules for changing either. Every change leaves its effect in the journal."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cxone_simulator.attributes import (
    NICE_SCHEMA,
    USER_SCHEMA,
    Json,
    check_directory,
    normalised,
    require_attributes,
    require_core_schema,
)
from cxone_simulator.errors import ScimProblem, invalid, missing, taken
from cxone_simulator.habits import Habits
from cxone_simulator.journal import Journal
from cxone_simulator.past import Past
from cxone_simulator.patch import require_patch
from cxone_simulator.settings import Settings
from cxone_simulator.shapes import Shape

Clock = Callable[[], float]


class Tenant:
    """Users by id, by userName in any case and by group; seats by user."""

    def __init__(
        self, settings: Settings, journal: Journal, clock: Clock, habits: Habits, shape: Callable[[], Shape] = Shape
    ) -> None:
        self.settings = settings
        self.shape = shape
        self._habits = habits
        self._journal = journal
        self._clock = clock
        self._users: dict[str, Json] = {}
        self._ids: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._members: dict[str, set[str]] = {}
        self._seats: set[str] = set()
        self._leaving: dict[str, float] = {}
        self.past = Past(clock)
        """What a copy shows that is behind."""

    def preload(self, count: int) -> None:
        """Active users that somebody created before the story begins."""
        for number in range(1, count + 1):
            name = f"user-{number:05}@preloaded.example"
            self.put_outside(
                name,
                {
                    "name": {"givenName": "User", "familyName": f"{number:05}"},
                    "emails": [{"value": name, "type": "work", "primary": True}],
                    "active": True,
                    "roles": [{"value": self.settings.roles[0]}] if self.settings.roles else [],
                    "groups": [{"value": self.settings.groups[0]}] if self.settings.groups else [],
                },
            )

    def create(self, body: Mapping[str, Any], actor: str) -> Json:
        """A new user; raises ScimProblem."""
        user = self._complete(body, {})
        return self._insert(self.shape().with_default_role(user), actor)

    def get(self, id_: str) -> Json:
        """One user; raises ScimProblem 404."""
        if not self.has(id_):
            raise missing(f"user {id_}")
        return self._users[id_]

    def replace(self, id_: str, body: Mapping[str, Any], actor: str) -> Json:
        """PUT: what is absent is cleared (RFC 7644 section 3.5.1)."""
        old = self.get(id_)
        return self._store(old, self._complete(body, old), actor)

    def patch(self, id_: str, body: Mapping[str, Any], actor: str) -> Json:
        """PATCH, all of it or nothing."""
        require_patch(self.settings)
        old = self.get(id_)
        return self._store(old, self.shape().patched(old, self._habits.patched(body)), actor)

    def delete(self, id_: str, actor: str) -> None:
        """Remove a user and its seat."""
        user = self.get(id_)
        self._free(id_, actor)
        self._regroup(user, {})
        self.past.note(id_, user)
        del self._users[id_], self._ids[user["userName"].lower()]
        self._journal.write("deleted", id_, user["userName"], actor)

    def release(self, id_: str, actor: str) -> None:
        """Give a seat back now; raises ScimProblem 404 where there is none."""
        self.settle_seats()
        if id_ not in self._seats:
            raise missing(f"a licence assignment of {id_}")
        self._free(id_, actor)

    def put_outside(self, name: str, attributes: Mapping[str, Any]) -> Json:
        """An administrator creates or changes a user by hand: no schema, no directory, no quota stops them."""
        found = normalised(attributes, self.shape().extension)
        if not found.get("userName", name):
            raise invalid("userName is required")
        id_ = self._ids.get(name.lower())
        if id_ is None:
            return self._insert({"userName": name, "active": True, **found}, "outside", checked=False)
        return self._store(self._users[id_], {**self._users[id_], **found}, "outside", checked=False)

    def delete_outside(self, user_name: str) -> None:
        """An administrator deletes a user; raises ScimProblem 404."""
        id_ = self._ids.get(user_name.lower())
        if id_ is None:
            raise missing(f"user {user_name}")
        self.delete(id_, "outside")

    def users(self) -> Iterable[Json]:
        """Everybody, oldest first."""
        return self._users.values()

    def named(self, names: Iterable[str]) -> list[Json]:
        """Those of the lower-case userNames that exist."""
        ids = (self._ids.get(name) for name in names)
        return [self._users[id_] for id_ in ids if id_ is not None]

    def has(self, id_: str) -> bool:
        """Such a user exists for whoever asks."""
        return id_ in self._users and not self._habits.hides(self._users[id_])

    def members_of(self, group: str) -> list[Json]:
        """Whose own list names the group, oldest first; costs as much as there are, however many users there are."""
        ids = sorted(self._members.get(group, ()), key=self._numbers.__getitem__)
        return [self._users[id_] for id_ in ids if self.has(id_)]

    def regroup(self, id_: str, groups: list[Json], actor: str) -> Json:
        """Change a user's groups."""
        old = self.get(id_)
        return self._store(old, {**old, "groups": groups}, actor)

    def switch(self, id_: str, actor: str, *, active: bool) -> Json:
        """Activate or deactivate a user; raises ScimProblem."""
        old = self.get(id_)
        return self._store(old, {**old, "active": active}, actor)

    def holds_seat(self, id_: str) -> bool:
        """A seat is assigned to the user."""
        return id_ in self._seats

    @property
    def used_seats(self) -> int:
        """Seats in use."""
        self.settle_seats()
        return len(self._seats)

    def settle_seats(self) -> None:
        """Free the seats whose delay has passed."""
        now = self._clock()
        for id_ in [id_ for id_, due in self._leaving.items() if due <= now]:
            self._free(id_, "clock")

    def _complete(self, body: Mapping[str, Any], old: Json) -> Json:
        """All of a user as a body describes it; raises ScimProblem."""
        shape = self.shape()
        if shape.schemas:
            require_core_schema(body, shape.schemas)
        user = {"active": True, **shape.take(body, old)}
        require_attributes(user, {})
        return user

    def _insert(self, user: Json, actor: str, *, checked: bool = True) -> Json:
        holder = self._users.get(self._ids.get(user["userName"].lower(), ""))
        if holder is not None:
            return self._meet(holder, user, actor)
        if checked:
            check_directory(user, {}, self.settings.roles, self.settings.groups)
            user = self._habits.kept({}, user)
        name = user["userName"]
        id_ = self._habits.id() or str(uuid.uuid4())
        self._require_seat(id_, user, checked=checked)
        stored = self._stamped(id_, user, _now())
        self.past.note(id_, None)
        self._users[id_], self._ids[name.lower()] = stored, id_
        self._numbers[id_] = len(self._numbers)
        self._regroup({}, stored)
        self._journal.write("created", id_, name, actor, user)
        if user["active"]:
            self._occupy(id_, actor)
        return stored

    def _meet(self, holder: Json, user: Json, actor: str) -> Json:
        """Somebody has the userName already."""
        problem = self._habits.taken(holder)
        if problem is not None:
            raise problem
        return self._store(holder, {**holder, **user}, actor)

    def _store(self, old: Json, user: Json, actor: str, *, checked: bool = True) -> Json:
        id_: str = old["id"]
        if checked:
            require_attributes(user, old)
            check_directory(user, old, self.settings.roles, self.settings.groups)
        holder: str = self._ids.get(user.get("userName", "").lower(), id_)
        if holder != id_:
            raise self._habits.taken(self._users[holder]) or taken(user["userName"])
        user.setdefault("active", True)
        user = self._habits.kept(old, user) if checked else user
        if not old["active"]:
            self._require_seat(id_, user, checked=checked)
        stored = self._stamped(id_, user, old["meta"]["created"])
        if stored == old | {"meta": stored["meta"]} and stored["meta"]["version"] == old["meta"]["version"]:
            return old
        del self._ids[old["userName"].lower()]
        self.past.note(id_, old)
        self._users[id_], self._ids[stored["userName"].lower()] = stored, id_
        self._regroup(old, stored)
        self._note_change(old, stored, actor)
        return stored

    def _regroup(self, old: Json, new: Json) -> None:
        for group in old.get("groups", []):
            self._members[group["value"]].discard(old["id"])
        for group in new.get("groups", []):
            self._members.setdefault(group["value"], set()).add(new["id"])

    def _note_change(self, old: Json, new: Json, actor: str) -> None:
        own = (key for key in old.keys() | new.keys() if key not in ("meta", "schemas"))
        changes = {key: new.get(key) for key in own if old.get(key) != new.get(key)}
        active = changes.pop("active", None)
        if changes:
            self._journal.write("updated", new["id"], new["userName"], actor, changes)
        if active is True:
            self._journal.write("activated", new["id"], new["userName"], actor)
            self._occupy(new["id"], actor)
        elif active is False:
            self._journal.write("deactivated", new["id"], new["userName"], actor)
            self._leave(new["id"], actor)

    def _require_seat(self, id_: str, user: Json, *, checked: bool) -> None:
        if not checked or not user.get("active", True) or id_ in self._seats:
            return
        used, total = self.used_seats, self.settings.seats
        if used >= total:
            status, words = self.shape().no_seat
            raise ScimProblem(status, words.format(used=used, total=total))

    def _occupy(self, id_: str, actor: str) -> None:
        self._leaving.pop(id_, None)
        if id_ not in self._seats:
            self._seats.add(id_)
            self._journal.write("licenseAssigned", id_, self._users[id_]["userName"], actor)

    def _leave(self, id_: str, actor: str) -> None:
        delay = self.settings.reclaim_delay_seconds
        if delay:
            self._leaving[id_] = self._clock() + delay
        else:
            self._free(id_, actor)

    def _free(self, id_: str, actor: str) -> None:
        self._leaving.pop(id_, None)
        if id_ in self._seats:
            self._seats.remove(id_)
            self._journal.write("licenseReleased", id_, self._users[id_]["userName"], actor)

    @staticmethod
    def _stamped(id_: str, user: Mapping[str, Any], created: str) -> Json:
        plain = {key: value for key, value in user.items() if key not in ("id", "meta", "schemas")}
        version = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
        schemas = [USER_SCHEMA, NICE_SCHEMA] if plain.get(NICE_SCHEMA) else [USER_SCHEMA]
        meta = {
            "resourceType": "User",
            "created": created,
            "lastModified": _now(),
            "version": f'W/"{version}"',
            "location": f"/scim/v2/Users/{id_}",
        }
        return {"schemas": schemas, "id": id_, **plain, "meta": meta}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
