"""A submission: many users in one bulk request, and then their groups, where those are kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace

from cxone_operator.core.actions import Create, Deactivate, RemoteAction, Update
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Field, UserState
from cxone_operator.scim.answers import member
from cxone_operator.scim.bulk import Accepted, Completed, OperationResult, Receipt, bulk_body, receipt_from
from cxone_operator.scim.dialects.dialect import Dialect
from cxone_operator.scim.errors import BadRequest, Rejected, ScimError
from cxone_operator.scim.groups import Memberships
from cxone_operator.scim.messages import is_written
from cxone_operator.scim.names import Names
from cxone_operator.scim.remote import Answered, Batch, Item, Pending, Result, Settled
from cxone_operator.scim.remote import Receipt as Told
from cxone_operator.scim.transport import Answer, Transport


class Submission:
    """Sends batches to one server."""

    def __init__(self, transport: Transport, dialect: Dialect, groups: Memberships, names: Names) -> None:
        self._transport = transport
        self._dialect = dialect
        self._groups = groups
        self._names = names

    async def send(self, batch: Batch, lane: Lane) -> Told:
        """A job, or what came of each user; raises ScimError where nothing was done."""
        items, refused = await self._prepared(batch.items, lane)
        receipt = await self._submit([item for item in items if self._concerns_user(item.action)], lane)
        if isinstance(receipt, Accepted):
            return Pending(receipt.job_id, receipt.request_id)
        moved = await self._move(items, receipt.results, lane)
        told = results_of(receipt.results, receipt.request_id)
        return Settled({**told, **refused, **{uid: end or told.get(uid, Answered()) for uid, end in moved.items()}})

    async def lock_out(self, batch: Batch, lane: Lane) -> Told:
        """POST the ids of all; a 200 names those who were not locked out."""
        ids = {item.action.remote.id: item.uid for item in batch.items if isinstance(item.action, Deactivate)}
        spared, request_id = await self._transport.request(
            "deactivate",
            "POST",
            self._dialect.deactivate_path,
            lane=lane,
            scope=self._dialect.scim_scope,
            body={"userIds": list(ids)},
            read=lambda answer: (_spared(answer), answer.request_id),
        )
        failure = Rejected("CXone did not deactivate this user, and does not say why", code="200").failure
        return Settled(
            {uid: failure if user_id in spared else Answered(request_id=request_id) for user_id, uid in ids.items()}
        )

    async def _prepared(self, items: Sequence[Item], lane: Lane) -> tuple[list[Item], dict[str, Result]]:
        """As the server takes them, and those whom it would refuse, as a group or role of theirs is not there."""
        ready: list[Item] = []
        refused: dict[str, Result] = {}
        problems = await self._groups.check([_groups_of(item.action) for item in items], lane)
        for item, problem in zip(items, problems, strict=True):
            try:
                if problem is not None:
                    raise problem
                ready.append(Item(item.uid, await self._encoded(item.action, lane)))
            except BadRequest as error:
                refused[item.uid] = error.failure
        return ready, refused

    async def _encoded(self, action: RemoteAction, lane: Lane) -> RemoteAction:
        match action:
            case Create(state):
                return Create(await self._names.encoded(state, lane))
            case Update(change=change) if {Field.ROLES, Field.TEAM} & set(change.fields):
                target = await self._names.encoded(change.target, lane)
                return replace(action, change=replace(change, target=target))
        return action

    async def _submit(self, items: Sequence[Item], lane: Lane) -> Receipt:
        """POST /Bulk → 202 with a job, or 200 with results (RFC 7644 section 3.7)."""
        if not items:
            return Completed({})
        return await self._transport.request(
            "bulk",
            "POST",
            self._dialect.bulk_path,
            lane=lane,
            scope=self._dialect.scim_scope,
            body=bulk_body(items, self._dialect),
            read=lambda answer: receipt_from(answer, items),
        )

    async def _move(
        self, items: Iterable[Item], results: Mapping[str, OperationResult], lane: Lane
    ) -> dict[str, Failure | None]:
        """All at once, so that those of one group go together; None where that went well."""
        if is_written(Field.GROUPS, self._dialect):
            return {}
        moves: dict[str, Coroutine[object, object, Failure | None]] = {}
        for item in items:
            result = results.get(item.uid)
            done = result is not None and result.error is None
            match item.action:
                case Create(state) if result is not None and done and result.user_id is not None and state.groups:
                    moves[item.uid] = self._moved(result.user_id, state, None, lane)
                case Update(remote, change) if Field.GROUPS in change.fields:
                    if done or not self._concerns_user(item.action):
                        moves[item.uid] = self._moved(remote.id, change.target, remote.state, lane)
        return dict(zip(moves, await asyncio.gather(*moves.values()), strict=True))

    async def _moved(self, user_id: str, wanted: UserState, shown: UserState | None, lane: Lane) -> Failure | None:
        """Somebody who was created has that much: what a group refuses is found, and told, by the next step."""
        try:
            await self._groups.move(user_id, wanted, shown, lane)
        except ScimError as error:
            return None if shown is None else error.failure
        return None

    def _concerns_user(self, action: RemoteAction) -> bool:
        return not isinstance(action, Update) or any(is_written(field, self._dialect) for field in action.change.fields)


def _spared(answer: Answer) -> frozenset[str]:
    body = {} if answer.empty else answer.body()
    found = member(body, "notDeletedUserIds")
    return frozenset(str(user_id) for user_id in found) if isinstance(found, list) else frozenset()


def results_of(results: Mapping[str, OperationResult], request_id: str = "") -> dict[str, Result]:
    """What came of each operation, as the engine sees it."""

    def result(of: OperationResult) -> Result:
        return Answered(request_id=request_id) if of.error is None else of.error.failure

    return {uid: result(found) for uid, found in results.items()}


def _groups_of(action: RemoteAction) -> tuple[str, ...]:
    """Those that somebody is to be in."""
    match action:
        case Create(state):
            return state.groups or ()
        case Update(change=change) if Field.GROUPS in change.fields:
            return change.target.groups or ()
    return ()
