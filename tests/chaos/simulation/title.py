"""Titles: which account is whose, where adoptionPolicy is Never.

Such a resource has a title to the account that was created for it and to none that somebody else has made. It records
that it sets out to create one; whether an account that has appeared since the operator looked before that was made by
it or by somebody else nobody can tell, so there the rules allow both.
"""

from __future__ import annotations

from enum import Enum, auto

from chaos.simulation.cluster_model import Version
from chaos.simulation.journal import Entry, Journal
from chaos.simulation.past import SLACK_SECONDS, Account, Past, Resource
from chaos.simulation.people import SYNC_SECONDS

LONGEST_SINCE_LOOK = 1.05 * SYNC_SECONDS + SLACK_SECONDS
"""How old the operator's view of CXone may be when it sets out to create somebody."""
_RECORDED = "Synced=False Progressing"


class Title(Enum):
    """Whether an account is a resource's to change."""

    GOOD = auto()
    DOUBTFUL = auto()
    NONE = auto()


class Titles:
    """Of the resources of one tenant."""

    def __init__(self, past: Past, journal: Journal) -> None:
        self._past = past
        self._recorded: dict[str, list[float]] = {}
        """Name of a resource → when it was recorded that its user is being created."""
        for entry in journal:
            if entry.verb == "status" and _RECORDED in entry.detail:
                self._recorded.setdefault(entry.subject, []).append(entry.time)

    def of(self, life: list[Version], account: Account, at: float = float("inf")) -> Title:
        """The title of a resource, given its versions, to an account at a moment."""
        if any(Resource(version.body).adopts for version in life if version.time <= at):
            return Title.GOOD
        first = Resource(life[0].body)
        owners = self._creators(first.key, account.born) if account.born.origin.operator else set()
        if owners == {first.uid}:
            return Title.GOOD
        recorded = self._recorded.get(first.name, ())
        before = any(life[0].time <= time <= account.born.time + LONGEST_SINCE_LOOK for time in recorded)
        return Title.DOUBTFUL if before or first.uid in owners else Title.NONE

    def _creators(self, key: str, born: Entry) -> set[str]:
        asked = born.origin.asked
        owners = [moment.owner for moment in self._past.moments(key, asked - SLACK_SECONDS, asked)]
        return {owner.uid for owner in owners if owner is not None}
