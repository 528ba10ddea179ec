"""Members: who is in a group, as groups say it on the wire (RFC 7643 section 4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cxone_operator.scim.answers import member
from cxone_operator.scim.errors import MalformedAnswer, ScimError
from cxone_operator.scim.messages import PATCH_SCHEMA, Json, id_of
from cxone_operator.scim.transport import Answer


@dataclass(slots=True, eq=False)
class Move:
    """One user into a group, or out of it."""

    user_id: str
    joins: bool
    ended: bool = False
    error: ScimError | None = None

    def end(self, error: ScimError | None = None) -> None:
        """This is what came of it."""
        self.ended, self.error = True, error


def members_body(moves: Sequence[Move]) -> Json:
    """The body of a PATCH (RFC 7644 sections 3.5.2.1 and 3.5.2.2).

    Whoever leaves is always selected by a filter: a removal without one takes everybody out.
    """
    joining = [{"value": move.user_id} for move in moves if move.joins]
    operations: list[Json] = [{"op": "add", "path": "members", "value": joining}] if joining else []
    leaving = (msgspec.json.encode(move.user_id).decode() for move in moves if not move.joins)
    operations += [{"op": "remove", "path": f"members[value eq {user_id}]"} for user_id in leaving]
    return {"schemas": [PATCH_SCHEMA], "Operations": operations}


def with_members(read: Mapping[str, object], moves: Iterable[Move]) -> Json:
    """The group with whoever joins, and without whoever leaves; members that stay are as they were."""
    joins = {move.user_id: move.joins for move in moves}
    there = members_from(read)
    staying = [item for item in _items(read) if joins.get(_value(item) or "", True)]
    joining = [{"value": user_id} for user_id, joined in joins.items() if joined and user_id not in there]
    return {name: value for name, value in read.items() if name.lower() != "members"} | {"members": staying + joining}


def members_from(group: Mapping[str, object]) -> frozenset[str]:
    """The ids of its members; a group without any need not say so (RFC 7643 section 2.5)."""
    return frozenset(user_id for item in _items(group) if (user_id := _value(item)) is not None)


def shown_members(answer: Answer) -> frozenset[str] | None:
    """Whom the answer to a change shows; None where it does not say who is in the group."""
    try:
        body = {} if answer.empty else answer.body()
    except MalformedAnswer:
        return None
    return members_from(body) if isinstance(member(body, "members"), list) else None


def whole_group(answer: Answer, group_id: str) -> Mapping[str, object]:
    """The group that was asked for by this id; raises MalformedAnswer for anything else."""
    body = answer.body()
    if id_of(member(body, "id")) != group_id:
        text = "a group that is not the one that was asked for"
        raise MalformedAnswer(text, code="malformed", write=False, request_id=answer.request_id)
    return body


def _items(group: Mapping[str, object]) -> list[object]:
    members = member(group, "members")
    return members if isinstance(members, list) else []


def _value(item: object) -> str | None:
    return id_of(member(item, "value")) if isinstance(item, Mapping) else None
