"""The client: `Remote` over SCIM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from cxone_operator.core.actions import Deactivate, Delete
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.failure import Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import RemoteUser
from cxone_operator.scim import bulk
from cxone_operator.scim.changes import Changes
from cxone_operator.scim.dialects.dialect import BulkMode, Deactivation, Dialect, ListMode, PatchMode, RoleForm
from cxone_operator.scim.dialects.dialect import Memberships as Where
from cxone_operator.scim.discovery import Described, agreed, attributes_of, described, fitted
from cxone_operator.scim.errors import (
    BadRequest,
    MalformedAnswer,
    Misfit,
    NotFound,
    NotOffered,
    PermissionDenied,
    ScimError,
)
from cxone_operator.scim.groups import Groups, Memberships, OnUsers
from cxone_operator.scim.messages import encoded, quota_from
from cxone_operator.scim.names import ById, Names, Plain
from cxone_operator.scim.reads import Reads
from cxone_operator.scim.remote import Batch, Found, Item, Page, Receipt, Settled
from cxone_operator.scim.submission import Submission, results_of
from cxone_operator.scim.transport import Answer, Transport

MOST_LOCKOUTS = 20
"""Ids in one request that locks many out: the vendor's schema says `maximum: 20`."""
_UNDESCRIBED = (
    "the server does not describe itself ({why}), so it is used without bulk requests and versions; where it has them, "
    "set spec.api.configPath to its ServiceProviderConfig"
)
_NO_LICENCES = (
    "spec.license.mode is Quota, but the server has no {path}; set spec.license.mode to None, or to CountUsers with "
    "spec.license.limit"
)
_NO_GROUPS = (
    "spec.api.memberships is Group, but the server has no {path}; set spec.api.groupsPath, or spec.api.memberships to "
    "User or None; until then groups are not managed"
)
_NO_LOCKOUTS = (
    "spec.api.deactivation is Batch, but the server has no {path}; set it to Patch, as users are locked out until then"
)
_SILENT = Described()
"""A server that says nothing of itself."""


class ScimClient:
    """One tenant over HTTP."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport = transport
        self._preset = dialect
        self._heard: dict[str, Mapping[str, object]] = {}
        """What the server says of itself, by path."""
        self._use(dialect, _SILENT, ())

    def _use(self, dialect: Dialect, server: Described, findings: tuple[str, ...]) -> None:
        """Work like this from now on."""
        self._dialect = dialect
        self._server = server
        apart = dialect.memberships is Where.GROUP
        self._groups: Memberships = Groups(self._transport, dialect, versions=server.versions) if apart else OnUsers()
        self._names: Names = ById(self._transport, dialect) if dialect.roles is RoleForm.IDS else Plain()
        self._reads = Reads(self._transport, dialect, self._groups, self._names)
        self.changes = Changes(self._transport, dialect, self._groups, self._names, versions=server.versions)
        self._submission = Submission(self._transport, dialect, self._groups, self._names)
        self._capabilities = Capabilities(
            lists=dialect.list is ListMode.PAGED,
            bulk=dialect.bulk is not BulkMode.OFF and dialect.patch is not PatchMode.REPLACE,
            lockouts=dialect.deactivation is Deactivation.BATCH,
            deletes=dialect.deletes,
            unmanaged=dialect.unmanaged,
            described=server is not _SILENT,
            findings=findings,
        )

    @property
    def capabilities(self) -> Capabilities:
        """What the dialect offers, without what the server has refused since."""
        return replace(self._capabilities, groups=self._groups.names, roles=self._names.roles)

    @property
    def identities(self) -> frozenset[str]:
        """From the credentials and the token."""
        return self._transport.identities

    @property
    def tenant_id(self) -> str:
        """From the token."""
        return self._transport.tenant_id

    @property
    def scopes(self) -> frozenset[str] | None:
        """From the answer that the token came with."""
        return self._transport.scopes

    async def connect(self) -> None:
        """Get a token, and hear what the server can do; after a failure, what has not been heard yet."""
        await self._transport.authenticate()
        if self._preset.config_path is None:
            return
        server, undescribed = await self._described(self._preset.config_path)
        dialect, findings = agreed(self._preset, server)
        attributes = await self._attributes(self._preset.config_path) if not undescribed else None
        lacking: tuple[str, ...] = ()
        if attributes is not None:
            dialect, lacking = fitted(dialect, attributes)
        self._use(dialect, server, (*undescribed, *findings, *lacking))
        await self._read_groups()

    async def _described(self, path: str) -> tuple[Described, tuple[str, ...]]:
        try:
            return described(await self._told(path)), ()
        except (NotFound, NotOffered, PermissionDenied, BadRequest) as error:
            return _SILENT, (_UNDESCRIBED.format(why=error.code),)

    async def _attributes(self, path: str) -> dict[str, str] | None:
        """What users have, by the Schemas beside ServiceProviderConfig; None where the server does not tell."""
        with suppress(NotFound, NotOffered, PermissionDenied, BadRequest, MalformedAnswer):
            return attributes_of(await self._told(f"{path.rpartition('/')[0]}/Schemas"))
        return None

    async def _told(self, path: str) -> Mapping[str, object]:
        if path not in self._heard:
            scope = self._preset.scim_scope
            self._heard[path] = await self._transport.request(
                "discovery", "GET", path, lane=Lane.LEAVERS, scope=scope, read=lambda answer: answer.body()
            )
        return self._heard[path]

    async def _read_groups(self) -> None:
        """Where that fails for a while, the next list of everybody says so; no leaver waits for a group meanwhile."""
        try:
            await self._groups.read(Lane.LEAVERS)
        except (Misfit, NotOffered):
            finding = _NO_GROUPS.format(path=self._dialect.groups_path)
            without = replace(self._dialect, memberships=Where.NONE)
            self._use(without, self._server, (*self._capabilities.findings, finding))
        except ScimError as error:
            if error.scope is Scope.TENANT:
                raise

    async def probe(self) -> None:
        """A page of one user."""
        await self._reads.probe()

    def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        """Page by page."""
        return self._reads.everybody(lane)

    def pages(self, users: int) -> int:
        """One more than full pages."""
        return self._reads.pages(users)

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """As many names as fit into a filter."""
        return self._reads.portions(user_names)

    async def find(self, user_names: Sequence[str], lane: Lane) -> Found:
        """By filter."""
        return await self._reads.find(user_names, lane)

    async def find_employed(self, employee_id: str, lane: Lane) -> Found:
        """By filter, too."""
        return await self._reads.find_employed(employee_id, lane)

    async def get(self, user_id: str, lane: Lane) -> RemoteUser | None:
        """By id."""
        return await self._reads.get(user_id, lane)

    async def seats(self, lane: Lane) -> Quota:
        """GET /api/v2/license/quotas."""
        path, scope = self._dialect.license_quota_path, self._dialect.license_read_scope
        try:
            return await self._transport.request("quota", "GET", path, lane=lane, scope=scope, read=_quota)
        except (NotFound, NotOffered) as error:
            finding = _NO_LICENCES.format(path=path)
            self._find(finding)
            raise Misfit(finding, code=error.code, write=False) from error

    def batches(self, items: Sequence[Item], most: int) -> list[Batch]:
        """By number and by bytes."""
        if self._locks_out(items):
            most = min(most, MOST_LOCKOUTS)
            return [Batch(tuple(items[start : start + most]), shared=True) for start in range(0, len(items), most)]
        most = min(most, self._server.operations or most)
        room = self._server.payload_bytes - bulk.ENVELOPE_BYTES
        return [Batch(part, shared=True) for part in bulk.pack(items, most, self._dialect, room)]

    async def send(self, batch: Batch, lane: Lane) -> Receipt:
        """A request for one user, or one bulk request."""
        try:
            if self._locks_out(batch.items):
                return await self._lock_out(batch, lane)
            if batch.shared:
                return await self._submission.send(batch, lane)
            return Settled({item.uid: await self.changes.make(item.action, lane) for item in batch.items})
        except NotOffered:
            self._lose(batch)
            raise

    def _locks_out(self, items: Iterable[Item]) -> bool:
        return self._capabilities.lockouts and all(isinstance(item.action, Deactivate) for item in items)

    async def _lock_out(self, batch: Batch, lane: Lane) -> Receipt:
        try:
            return await self._submission.lock_out(batch, lane)
        except (NotFound, NotOffered) as error:
            self._capabilities = replace(self._capabilities, lockouts=False)
            finding = _NO_LOCKOUTS.format(path=self._dialect.deactivate_path)
            self._find(finding)
            raise Misfit(finding, code=error.code) from error

    def _find(self, finding: str) -> None:
        """Once, however often."""
        if finding not in self._capabilities.findings:
            self._capabilities = replace(self._capabilities, findings=(*self._capabilities.findings, finding))

    def _lose(self, batch: Batch) -> None:
        """What the server does not have is not asked for again."""
        if batch.shared:
            self._capabilities = replace(self._capabilities, bulk=False)
        elif any(isinstance(item.action, Delete) for item in batch.items):
            self._capabilities = replace(self._capabilities, deletes=False)

    async def poll(self, job: str, lane: Lane) -> Settled | None:
        """GET /Bulk/{id}; a job that is not there any more has ended."""
        path, scope = f"{self._dialect.bulk_path}/{encoded(job)}", self._dialect.scim_scope

        def read(answer: Answer) -> bulk.JobState:
            return bulk.job_from(answer.body())

        try:
            state = await self._transport.request("poll", "GET", path, lane=lane, scope=scope, read=read)
        except NotFound:
            return Settled()
        return Settled(results_of(state.results)) if state.done else None


def _quota(answer: Answer) -> Quota:
    quota = quota_from(answer.body())
    if quota is None:
        text = "a licence quota without total and used"
        raise MalformedAnswer(text, code="malformed", write=answer.write, request_id=answer.request_id)
    return quota
