"""What the simulation has found and the product has not mended yet, in one place: each switch excuses one bug.

A switch that is True lets schedules pass that would fail by that bug alone. Turn it to False with the fix; the smallest
schedule that shows each bug is in test_found.py, where no switch counts.
"""

from __future__ import annotations

GUARD_EXISTS = True
"""The deprovisioning guard holds what exceeds the tenant's limits; False draws no tight limits and checks none."""

COUNT_USERS_IGNORES_THE_LIMIT_AT_START = False
"""With license.mode CountUsers everybody is admitted until the first snapshot is complete."""

WAITS_ARE_TOLD_ONCE = False
"""A wait is told once for each reason, so not again after another wait in between."""

WAITS_ARE_LOST_WITH_ONE_WRITE = False
"""A wait counts as told before it is written; where that one write fails, the author never hears of it."""

WAITS_KEEP_AN_OLD_GENERATION = False
"""A wait that was told is not told for a newer spec that came with the answer to an own write."""

REQUESTS_OUTLIVE_THE_RESOURCE = False
"""A create whose answer was lost takes effect after a look-up found nothing and the resource was let go."""

UNKNOWN_JOBS_OUTLIVE_THE_RESOURCE = False
"""A process dies between submitting a job and recording its id; the job then creates a user whose resource has gone."""

HEIRS_NEED_NOT_BE_CLAIMED = False
"""A deleted owner hands over to a namesake without a finalizer, which may then go without locking the user out."""

FILTER_TAKES_THE_UNASKED_FOR_ABSENT = False
"""On a tenant that cannot list, users that were not looked up count as absent once any snapshot is complete."""

SWITCHES = (
    "COUNT_USERS_IGNORES_THE_LIMIT_AT_START",
    "WAITS_ARE_TOLD_ONCE",
    "WAITS_ARE_LOST_WITH_ONE_WRITE",
    "WAITS_KEEP_AN_OLD_GENERATION",
    "REQUESTS_OUTLIVE_THE_RESOURCE",
    "UNKNOWN_JOBS_OUTLIVE_THE_RESOURCE",
    "HEIRS_NEED_NOT_BE_CLAIMED",
    "FILTER_TAKES_THE_UNASKED_FOR_ABSENT",
)
