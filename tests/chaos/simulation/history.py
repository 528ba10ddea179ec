"""Rules about history: what must never have happened, whatever else did. They know the models, and not the engine.

Nobody is created unasked, nobody is locked out who should work, nothing is created twice, nobody is changed who is
protected or somebody else's, nobody takes a seat that is not there. Each tenant is judged by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from chaos.simulation.cluster_model import ClusterModel
from chaos.simulation.journal import Entry, Journal
from chaos.simulation.past import SLACK_SECONDS, Account, Moment, Past, Resource, accounts_of, owner_of
from chaos.simulation.people import SYNC_SECONDS
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import Cut, Event, Fault, FaultKind, Schedule, Tenant
from chaos.simulation.title import Title, Titles

SLOWEST_ANSWER_SECONDS = 3.5
"""From an effect until the operator has its answer."""
MOST_IN_VAIN = 8
"""Requests without effect for one user within a sync period: pauses double from a second on, after two quick looks."""
_OLDEST_COUNT = 45.0
"""Seconds: how old the count of seats may be by which somebody is let in, and how long a request takes."""
_CHANGES = ("create", "update", "activate", "deactivate", "delete", "reclaim", "ignored")


@dataclass(frozen=True, slots=True)
class Story:
    """One run of one tenant."""

    schedule: Schedule
    cluster: ClusterModel
    journal: Journal
    remote: RemoteModel
    past: Past
    slack: float


def complaints_about_history(
    schedule: Schedule, cluster: ClusterModel, journal: Journal, remotes: Iterable[RemoteModel]
) -> list[str]:
    """What should never have happened."""
    slack = SLACK_SECONDS + sum(step.event.seconds for step in schedule.steps if isinstance(step.event, Cut))
    found = []
    for remote in {id(remote): remote for remote in remotes}.values():
        tenants = schedule.setting.tenants_of(remote.name)
        own = journal.of(*tenants)
        past = Past(cluster.history, own, *tenants)
        found += _about_tenant(Story(schedule, cluster, own, remote, past, slack))
    return found


def _about_tenant(story: Story) -> list[str]:
    setting, calm = story.schedule.setting, story.schedule.undisturbed
    counts_alone = calm and not setting.shared  # each tenant promises seats by itself
    return [
        *_created_unasked(story),
        *_locked_out_wrongly(story),
        *_created_twice(story.journal),
        *_seats_taken_from_active(story),
        *(_refused_for_seats(story.journal) if counts_alone else ()),
        *(_overbooked(story) if setting.overbooks and not setting.shared else ()),
        *(_admitted_blindly(story) if setting.license == "Quota" and not setting.shows_quota else ()),
        *_repeated(story),
        *(() if story.schedule.clock_jumps else _beyond_limits(story)),
        *(_protected_changed(story) if setting.protected else ()),
        *(_strangers_changed(story) if setting.never else ()),
        *(_batch_divided(story) if counts_alone and setting.on_shortage == "HoldBatch" else ()),
        *(_asked_in_vain(story) if not (setting.takes_bulk and setting.takes_deletes) else ()),
    ]


def _effects(journal: Journal, *verbs: str) -> Iterator[Entry]:
    return (entry for entry in journal if entry.origin.operator and entry.verb in verbs)


def _seen(story: Story, entry: Entry) -> Iterator[Moment]:
    """What may have led to an effect."""
    return story.past.moments(entry.subject, entry.origin.asked - story.slack, entry.time)


def _wants_access(moment: Moment) -> bool:
    owner = moment.owner
    return owner is not None and owner.active(moment.clock) and not owner.suspended


def _created_unasked(story: Story) -> Iterator[str]:
    for entry in _effects(story.journal, "create", "activate"):
        if not any(map(_wants_access, _seen(story, entry))):
            yield f"nobody asked for: {entry}"


def _locked_out_wrongly(story: Story) -> Iterator[str]:
    strangers = _strangers(story) if story.schedule.setting.never else {}
    for entry in _effects(story.journal, "deactivate", "delete"):
        if entry.verb == "delete" and "inactive" in entry.detail:
            continue
        others, unseen = strangers.get(entry, set()), _unseen(story, entry)
        seen = [(moment, hidden) for moment in _seen(story, entry) for hidden in (others, others | unseen)]
        if not any(_may_be_locked_out(moment, hidden) for moment, hidden in seen):
            yield f"locked out wrongly: {entry}"


def _unseen(story: Story, entry: Entry) -> set[str]:
    """In a gap of the watch the answer to a write may show a deletion, while no heir that was made before is shown."""
    if not any(isinstance(step.event, Cut) for step in story.schedule.steps):
        return set()
    lives = story.past.lives(entry.subject)
    return {Resource(life[0].body).uid for life in lives if life[0].time > entry.origin.asked - story.slack}


def _may_be_locked_out(moment: Moment, strangers: set[str]) -> bool:
    """`strangers`: resources whose account it is not; they neither manage it nor keep it."""
    owner = owner_of(resource for resource in moment.resources if resource.uid not in strangers)
    if owner is not None:
        return not owner.active(moment.clock) and not owner.suspended
    return any(resource.deleting and resource.deprovisions for resource in moment.resources)


def _created_twice(journal: Journal) -> Iterator[str]:
    present: Counter[str] = Counter()
    for entry in journal:
        if entry.verb == "create":
            present[entry.subject] += 1
            if present[entry.subject] > 1:
                yield f"created twice: {entry}"
        elif entry.verb == "delete":
            present[entry.subject] -= 1


def _seats_taken_from_active(story: Story) -> Iterator[str]:
    """A seat may only be asked back from somebody who was inactive when, or shortly before, it was asked."""
    changes, slack = ("create", "activate", "deactivate", "delete"), story.slack
    for entry in _effects(story.journal, "refused"):
        if entry.detail.startswith("active users"):
            before = [one for one in story.journal if one.subject == entry.subject and one.verb in changes]
            asked = entry.origin.asked
            last = [one for one in before if one.time <= asked - slack][-1:]
            if all(
                one.verb in ("create", "activate")
                for one in [*last, *(one for one in before if asked - slack < one.time <= asked)]
            ):
                yield f"the seat of an active user was asked back: {entry}"


def _refused_for_seats(journal: Journal) -> Iterator[str]:
    for entry in _effects(journal, "refused"):
        if entry.detail.startswith("no seat"):
            yield f"sent without a seat: {entry}"


def _overbooked(story: Story) -> Iterator[str]:
    """CXone gives seats that are not there, so only we can count: nobody gets more than others took meanwhile."""
    used = {time: (used, total) for time, used, total in story.remote.most_used}
    for entry in _effects(story.journal, "create", "activate"):
        taken, total = used.get(entry.time, (0, 0))
        moved = [one for one in story.journal if 0 <= entry.time - one.time <= _OLDEST_COUNT and _unseen_by(entry, one)]
        if taken - total > len(moved):
            yield f"{taken} seats of {total} are taken, {len(moved)} of them moved without us: {entry}"


def _unseen_by(entry: Entry, other: Entry) -> bool:
    """It moved a seat, and the process that let somebody in may not have known."""
    late = not other.origin.job and other.time - other.origin.asked > SLOWEST_ANSWER_SECONDS
    unknown = late or other.origin.actor != entry.origin.actor
    return other.verb == "seats" or (other.verb in ("create", "activate") and unknown)


def _admitted_blindly(story: Story) -> Iterator[str]:
    for entry in _effects(story.journal, "create", "activate"):
        yield f"nobody knows how many seats there are: {entry}"


def _repeated(story: Story) -> Iterator[str]:
    """What CXone refuses or ignores is not asked for again and again; news and successes make pauses short again."""
    around = [entry.time for entry in story.journal if not entry.origin.operator or entry.verb == "start"]
    changed = [(entry.subject, entry.time) for entry in _effects(story.journal, *_CHANGES[:-1])]
    asked: dict[str, list[float]] = {}
    for entry in _effects(story.journal, "refused", "ignored"):
        times = asked.setdefault(entry.subject, [])
        times.append(entry.time)
        window = [time for time in times if entry.time - time <= SYNC_SECONDS]
        news = [*around, *(time for subject, time in changed if subject == entry.subject)]
        moved = sum(1 for time in news if 0 <= entry.time - time <= SYNC_SECONDS)
        claims = max(1, len(story.past.lives(entry.subject)))  # each resource has its own pauses
        if len(window) > MOST_IN_VAIN * (claims + moved):
            yield f"asked {len(window)} times in vain within {SYNC_SECONDS} s, with {moved} news: {entry}"


def _beyond_limits(story: Story) -> Iterator[str]:
    """No window sees more users locked out than the limits allow, before somebody approves more."""
    limits, journal = story.schedule.setting.limits, story.journal
    if not limits.tight:
        return
    managed = len(set(story.past.everybody()))
    most = max(limits.min_users, min(limits.max_users, limits.max_percent * managed // 100))
    approved = min((entry.time for entry in journal if "approve-deprovisioning=" in entry.detail), default=float("inf"))
    gone = [entry for entry in _effects(journal, "deactivate", "delete") if "inactive" not in entry.detail]
    gone = [entry for entry in gone if entry.origin.asked < approved]
    for first in gone:
        window = {entry.subject for entry in gone if 0 <= entry.time - first.time < limits.window_seconds}
        if len(window) > most:
            yield f"{len(window)} locked out within the window, {most} are allowed: from {first}"
            return


def _protected_changed(story: Story) -> Iterator[str]:
    for entry in _effects(story.journal, *_CHANGES):
        if story.past.protects(entry.subject, entry.origin.asked - story.slack, entry.time):
            yield f"a protected user was changed: {entry}"


def _strangers_changed(story: Story) -> Iterator[str]:
    """Nor is an account's id recorded by a resource whose account it is not."""
    strangers = _strangers(story)
    for entry in _effects(story.journal, *_CHANGES[1:]):
        resources = {resource.uid for moment in _seen(story, entry) for resource in moment.resources}
        if resources <= strangers[entry]:
            yield f"somebody else's account was changed: {entry}"
    yield from _strangers_recorded(story)


def _strangers(story: Story) -> dict[Entry, set[str]]:
    """For each effect the resources that had no title to the account that it changed."""
    titles, accounts, past = Titles(story.past, story.journal), accounts_of(story.journal), story.past
    found: dict[Entry, set[str]] = {}
    for entry in _effects(story.journal, *_CHANGES[1:]):
        account = _account_at(accounts.get(entry.subject, []), entry.time)
        lives = past.lives(entry.subject) if account is not None else []
        found[entry] = {
            Resource(life[0].body).uid
            for life in lives
            if account is not None and titles.of(life, account, entry.time) is Title.NONE
        }
    return found


def _account_at(accounts: list[Account], time: float) -> Account | None:
    return next((account for account in accounts if account.born.time <= time <= account.gone), None)


def _strangers_recorded(story: Story) -> Iterator[str]:
    titles = Titles(story.past, story.journal)
    for key, accounts in accounts_of(story.journal).items():
        for life in story.past.lives(key):
            name, born, last = Resource(life[0].body).name, life[0].time, life[-1]
            gone = last.time if last.gone else float("inf")
            for account in accounts:
                if titles.of(life, account) is not Title.NONE:
                    continue
                for entry in _effects(story.journal, "status"):
                    said = f"userId={account.id}" in entry.detail.split(", ")
                    if said and entry.subject == name and born <= entry.time <= gone:
                        yield f"somebody else's account was recorded: {entry}"


def _batch_divided(story: Story) -> Iterator[str]:
    """Somebody got a seat although not all who had waited fitted into those that were free."""
    for entry in _effects(story.journal, "create", "activate"):
        end, start = entry.origin.asked, entry.origin.asked - story.slack
        waiting = [key for key in story.past.everybody() if _waits(story, key, start, end)]
        free = max(total - used for used, total in _used(story.remote, start, end))
        if len(waiting) > free:
            yield f"{len(waiting)} waited, {free} seats were free: {entry}"


def _waits(story: Story, key: str, start: float, end: float) -> bool:
    if story.past.protects(key, start, end) or not all(map(_wants_access, story.past.moments(key, start, end))):
        return False
    changes = [entry for entry in story.journal if entry.subject == key and entry.verb in _CHANGES and entry.time < end]
    active = [entry for entry in changes if entry.verb in ("create", "activate")]
    gone = [entry for entry in changes if entry.verb in ("deactivate", "delete")]
    lasts = (gone[-1].time if gone else -1.0) >= (active[-1].time if active else -1.0)
    return lasts and all(entry.time <= start for entry in [*active, *gone])


def _used(remote: RemoteModel, start: float, end: float) -> list[tuple[int, int]]:
    """(used, total) at the start and after each change."""
    total = remote.setting.seats
    before = [(0, total), *((used, total) for time, used, total in remote.most_used if time <= start)]
    return [before[-1], *((used, total) for time, used, total in remote.most_used if start < time <= end)]


def _asked_in_vain(story: Story) -> Iterator[str]:
    """What is not offered is asked for until the answer is there, by each process, and then never again."""
    if any(isinstance(step.event, Tenant) for step in story.schedule.steps):
        return  # another address may offer more
    learned: dict[tuple[str, str], float] = {}
    refused = [entry for entry in _effects(story.journal, "refused") if entry.detail.startswith("not offered")]
    unheard = sum(step.event.count for step in story.schedule.steps if _hides_refusals(step.event))
    for entry in refused[unheard:]:
        known = learned.setdefault((entry.origin.actor, entry.subject), entry.time + SLOWEST_ANSWER_SECONDS)
        if entry.origin.asked > known:
            yield f"asked for what is not offered: {entry}"


def _hides_refusals(event: Event) -> TypeGuard[Fault]:
    """Other answers come than those that were given."""
    return isinstance(event, Fault) and event.kind in (FaultKind.LOSE, FaultKind.FAIL_AFTER, FaultKind.GARBLE)
