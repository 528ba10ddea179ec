"""An import: accounts are read from CXone, or rows from a file, and written as resources or as a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path, PurePosixPath

import click

from cxone_operator.api import user as user_api
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import decode_user
from cxone_operator.cli.options import Place
from cxone_operator.cli.output import note, progress
from cxone_operator.cli.processes.session import Session, SessionError, run_session
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.importing.accounts import candidates
from cxone_operator.importing.choosing import Candidate, Chosen, Tenant, Wish, choose
from cxone_operator.importing.layout import Layout, placed
from cxone_operator.importing.manifest import as_yaml, manifest
from cxone_operator.importing.naming import with_names
from cxone_operator.importing.person import Person
from cxone_operator.importing.sheet import InvalidSheet, as_csv, from_csv
from cxone_operator.scim.remote import Remote

_SHOWN = 20
"""Of whatever there may be thousands of."""
_SHEET = PurePosixPath("users.csv")
_NO_LIST = (
    "this API gives no list of its users (api.list: Filter); write the userNames of those who are there into a CSV "
    "file, and have CXone asked for them with --named-in"
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the people come from: all accounts of CXone, unless a file says otherwise."""

    rows: Path | None = None
    """The people themselves: CXone is not read."""
    names: Path | None = None
    """Whom to ask CXone for."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to write, and where."""

    layout: Layout = "one-file"
    folder: Path | None = None
    """None: standard output."""
    force: bool = False
    sheet: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """All that was read."""

    tenant: Tenant
    people: list[Candidate]
    namespace: str | None
    others: tuple[str, ...]
    """Names of CxoneUsers of other tenants in the namespace."""


def import_from(place: Place, source: Source, wish: Wish, order: Order) -> None:
    """Read, choose, write, and say what was left out; raises ClickException."""
    rows = _rows(source.rows) if source.rows is not None else None
    names = [person.user_name for person in _rows(source.names)] if source.names is not None else None
    found = run_session(place, partial(_read, place, rows, names))
    chosen = choose(found.people, wish, found.tenant)
    if order.sheet:
        lines = list(as_csv(chosen.people))
        _write(order, [_SHEET] * len(lines), lines)
    else:
        named = list(with_names(chosen.people, found.tenant.resources, found.others))
        texts = (as_yaml(manifest(person, name, found.namespace, place.tenant)) for name, person in named)
        _write(order, list(placed(named, order.layout)), texts)
    for line in _told(chosen):
        note(line)


def _rows(source: Path) -> list[Person]:
    try:
        return from_csv(source.read_bytes())
    except InvalidSheet as error:
        more = len(error.mistakes) - 1
        raise click.ClickException(
            f"{source} cannot be read{f', for {more + 1} reasons' if more else ''}:\n{error}"
        ) from None


async def _read(place: Place, rows: list[Person] | None, names: list[str] | None, session: Session) -> _Found:
    resource = await session.tenant()
    users = [decode_user(body) for body in await session.bodies(user_api.PLURAL)]
    ours = tuple(user for user in users if user.spec.tenant_ref.name == place.tenant)
    others = tuple(user.metadata.name for user in users if user.spec.tenant_ref.name != place.tenant)
    namespace = session.namespace if session.server is not None else place.namespace
    if rows is not None:
        known = resource is not None or session.default is not None
        tenant = Tenant(session.spec(resource) if known else TenantSpec(""), resources=ours)
        return _Found(tenant, list(map(_candidate, rows)), namespace, others)
    remote = await session.remote(resource)
    accounts = await (_everybody(remote) if names is None else _named(remote, names))
    tenant = Tenant(session.spec(resource), remote.capabilities, remote.identities, ours)
    return _Found(tenant, list(candidates(accounts, tenant)), namespace, others)


def _candidate(person: Person) -> Candidate:
    roles = [person.spec.get("role"), *_texts(person.spec.get("secondaryRoles"))]
    return Candidate(person.user_name, person.groups, tuple(map(str, filter(None, roles))), lambda: person)


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else []


async def _everybody(remote: Remote) -> list[RemoteUser]:
    """All accounts; whatever the list does not show is said."""
    if not remote.capabilities.lists:
        raise SessionError(_NO_LIST)
    accounts: list[RemoteUser] = []
    returned, total = 0, 0
    with progress("Reading accounts") as advance:
        async for page in remote.everybody(Lane.BACKGROUND):
            accounts += page.users
            returned, total = returned + page.returned, max(total, page.total or 0)
            advance(page.returned)
    if returned > len(accounts):
        note(f"{returned - len(accounts)} entries of the list are no users that can be read (no id, or no userName)")
    if returned < total:
        note(f"CXone has {total} accounts and has listed {returned}; whoever is missing can be imported by another run")
    return accounts


async def _named(remote: Remote, names: Sequence[str]) -> list[RemoteUser]:
    """The accounts of these userNames; whoever has none is said."""
    accounts: list[RemoteUser] = []
    with progress("Asking for accounts", len(names)) as advance:
        for portion in remote.portions(names):
            accounts += (await remote.find(portion, Lane.BACKGROUND)).users
            advance(len(portion))
    there = {key_of(account.state.user_name) for account in accounts}
    missing = [f"  {name}" for name in names if key_of(name) not in there]
    if missing:
        note(f"{len(missing)} have no account in CXone:")
        for line in _some(missing):
            note(line)
    return accounts


def _write(order: Order, paths: Sequence[PurePosixPath], texts: Iterable[str]) -> None:
    """Each text to the end of its path, or all to standard output; raises ClickException."""
    if order.folder is None:
        for text in texts:
            click.echo(text, nl=False)
        return
    if not order.force:
        _refuse_to_overwrite(order.folder, sorted(set(paths)))
    with progress("Writing files", len(paths)) as advance:
        for path, items in groupby(zip(paths, texts, strict=True), itemgetter(0)):
            _write_file(order.folder / path, _counted((text for _, text in items), advance))


def _refuse_to_overwrite(folder: Path, paths: Iterable[PurePosixPath]) -> None:
    there = [str(path) for path in paths if (folder / path).exists()]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise click.ClickException(f"{folder} has {there[0]}{more} already; choose another folder, or say --force")


def _write_file(path: Path, texts: Iterable[str]) -> None:
    """Whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            file.writelines(texts)
        part.replace(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            part.unlink()


def _counted(texts: Iterable[str], advance: Callable[[int], object]) -> Iterator[str]:
    for text in texts:
        yield text
        advance(1)


def _told(chosen: Chosen) -> Iterator[str]:
    """What a person should know of the outcome, a line for each."""
    yield f"{len(chosen.people)} written"
    counts = (
        (chosen.unwanted, "not asked for"),
        (chosen.protected, "protected by the tenant (safety.protectedUsers)"),
        (chosen.ours, "the account that the operator works with"),
        (chosen.managed, "with a CxoneUser already; --all writes them, too"),
        (len(chosen.left_out), "that cannot be declared as they are"),
    )
    yield from (f"{number} left out: {text}" for number, text in counts if number)
    yield from _some([f"  {left.user_name}: {left.why}" for left in chosen.left_out])
    partly = [person for person in chosen.people if person.not_declared]
    if partly:
        yield f"{len(partly)} have values that no CxoneUser can have; these are not declared, and stay as they are"
        yield from _some([f"  {person.user_name}: {', '.join(person.not_declared)}" for person in partly])


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"  and {len(lines) - _SHOWN} more"
