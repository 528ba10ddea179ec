"""Changes: one user at a time. Each answer is taken for what it shows, and no more."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.knowledge import UNKNOWN, Knowledge, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field, RemoteUser, UserState
from cxone_operator.scim.answers import member
from cxone_operator.scim.dialects.dialect import Dialect, PatchMode
from cxone_operator.scim.errors import BadRequest, MalformedAnswer, NotFound, ScimError
from cxone_operator.scim.groups import Memberships
from cxone_operator.scim.messages import (
    encoded,
    id_from_location,
    id_of,
    is_written,
    patch_body,
    replaced_body,
    shows,
    user_body,
    user_from,
)
from cxone_operator.scim.names import Names
from cxone_operator.scim.remote import Answered
from cxone_operator.scim.transport import CREATE, Answer, Transport


class Changes:
    """Changes users; memberships that are kept on the groups are changed there."""

    def __init__(
        self, transport: Transport, dialect: Dialect, groups: Memberships, names: Names, *, versions: bool
    ) -> None:
        self._transport = transport
        self._dialect = dialect
        self._groups = groups
        self._names = names
        self._versions = versions
        """The server has ETags, and heeds If-Match."""

    async def make(self, action: RemoteAction, lane: Lane) -> Answered:
        """What one request, or a few, can do; raises ScimError."""
        answer = await self._make(action, lane)
        if not isinstance(answer.shown, Present):
            return answer
        whole = self._groups.shown(answer.shown.user)
        return replace(answer, shown=UNKNOWN if whole is None else Present(whole))

    async def _make(self, action: RemoteAction, lane: Lane) -> Answered:
        match action:
            case Create(state):
                return await self._join(state, lane)
            case Update(remote, change):
                return await self._update(remote, change, lane)
            case Deactivate(remote):
                return await self.patch(remote, action.change, lane)
            case Delete(remote):
                return await self.delete(remote.id, lane)
            case Reclaim(remote):
                return await self.release_license(remote.id, lane)

    async def create(self, state: UserState, lane: Lane) -> Answered:
        """POST /Users → 201, or 200 where the server says it so; what an empty answer does not show is looked up."""
        sent = await self._names.encoded(state, lane)
        return await self._transport.request(
            CREATE,
            "POST",
            self._dialect.users_path,
            lane=lane,
            scope=self._dialect.scim_scope,
            body=user_body(sent, self._dialect),
            read=partial(self._created, sent),
        )

    async def patch(self, remote: RemoteUser, change: Change, lane: Lane) -> Answered:
        """PATCH /Users/{id} → 200 with the user, or 204 (RFC 7644 section 3.5.2); or PUT of the whole user."""
        replaces = self._dialect.patch is PatchMode.REPLACE
        if {Field.ROLES, Field.TEAM} & set(change.fields):
            change = replace(change, target=await self._names.encoded(change.target, lane))
        body = await self._whole(remote.id, change, lane) if replaces else patch_body(change, self._dialect)

        def read(answer: Answer) -> Answered:
            user = None if answer.empty else user_from(answer.body(), self._dialect)
            if user is None or user.id != remote.id:
                return Answered(request_id=answer.request_id)
            return Answered(self._shown(user, change.target, answer), answer.request_id)

        try:
            return await self._transport.request(
                "put" if replaces else "patch",
                "PUT" if replaces else "PATCH",
                self._user(remote.id),
                lane=lane,
                scope=self._dialect.scim_scope,
                body=body,
                version=remote.version if self._versions else None,
                read=read,
            )
        except BadRequest as error:
            remedy = self._remedy(error, change)
            if not remedy:
                raise
            text, type_ = f"{error.message}; {remedy}", error.scim_type
            raise BadRequest(text, code=error.code, scim_type=type_, request_id=error.request_id) from error

    def _remedy(self, error: BadRequest, change: Change) -> str:
        """The setting that goes with what the server takes; "" where the change itself is to blame."""
        if error.rejected_value == "replace" and self._dialect.patch is not PatchMode.REPLACE:
            return "set spec.api.patch to Replace, so that users are changed by PUT"
        sent = Field.GROUPS in change.fields and is_written(Field.GROUPS, self._dialect)
        if sent and error.scim_type == "mutability" and "groups" in error.message:
            return "set spec.api.memberships to Group, or to None where others manage them"
        return ""

    async def delete(self, user_id: str, lane: Lane) -> Answered:
        """DELETE /Users/{id} → 204 (RFC 7644 section 3.6), which shows nobody: whether the user is gone is looked up.

        A 404 may also come from a path that nobody serves.
        """
        return await self._remove("delete", self._user(user_id), lane, self._dialect.scim_scope)

    async def release_license(self, user_id: str, lane: Lane) -> Answered:
        """DELETE /api/v2/license/assignments/{userId} → 204; 404 means already released."""
        path = f"{self._dialect.license_assignments_path}/{encoded(user_id)}"
        return await self._remove("release_license", path, lane, self._dialect.license_write_scope)

    async def _join(self, state: UserState, lane: Lane) -> Answered:
        """Groups that are not there are told before anything is done; what a group refuses later is the next step's."""
        (problem,) = await self._groups.check([state.groups or ()], lane)
        if problem is not None:
            raise problem
        answer = await self.create(state, lane)
        if isinstance(answer.shown, Present):
            with suppress(ScimError):
                await self._groups.move(answer.shown.user.id, state, None, lane)
        return answer

    async def _update(self, remote: RemoteUser, change: Change, lane: Lane) -> Answered:
        """First the user, then the groups: whoever is let in gets in, also where a group fails."""
        answer = Answered()
        if any(is_written(field, self._dialect) for field in change.fields):
            answer = await self.patch(remote, change, lane)
        if Field.GROUPS in change.fields:
            await self._groups.move(remote.id, change.target, remote.state, lane)
        return answer

    async def _whole(self, user_id: str, change: Change, lane: Lane) -> dict[str, object]:
        """The user as of now, with the change in it: what we do not know of must survive a PUT."""
        path, scope = self._user(user_id), self._dialect.scim_scope

        def read(answer: Answer) -> dict[str, object]:
            if id_of(member(answer.body(), "id")) != user_id:
                text = "an account that is not the one that was asked for"
                raise MalformedAnswer(text, code="malformed", write=False, request_id=answer.request_id)
            return replaced_body(answer.body(), change, self._dialect)

        return await self._transport.request("get", "GET", path, lane=lane, scope=scope, read=read)

    async def _remove(self, operation: str, path: str, lane: Lane, scope: str) -> Answered:
        try:
            return await self._transport.request(operation, "DELETE", path, lane=lane, scope=scope, read=_accepted)
        except NotFound as error:
            return Answered(request_id=error.request_id)

    def _shown(self, user: RemoteUser, sent: UserState, answer: Answer) -> Knowledge:
        """What an answer leaves out is not what the user lacks."""
        whole = shows(answer.body(), sent, self._dialect)
        return Present(self._names.shown((user,))[0]) if whole else UNKNOWN

    def _created(self, sent: UserState, answer: Answer) -> Answered:
        location = id_from_location(answer.headers.get("Location"))
        if answer.empty:
            return Answered(request_id=answer.request_id)
        user = user_from(answer.body(), self._dialect, fallback_id=location)
        if user is None:
            text = "CXone created a user without naming its id"
            raise MalformedAnswer(text, code="malformed", write=answer.write, request_id=answer.request_id)
        return Answered(self._shown(user, sent, answer), answer.request_id)

    def _user(self, user_id: str) -> str:
        return f"{self._dialect.users_path}/{encoded(user_id)}"


def _accepted(answer: Answer) -> Answered:
    return Answered(request_id=answer.request_id)
