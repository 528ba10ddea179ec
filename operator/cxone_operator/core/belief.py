"""What an absence is believed to prove: a list that is read page by page may have a hole, and not show somebody.

| who                                          | an absence counts when                              |
|----------------------------------------------|-----------------------------------------------------|
| leaves with the resource                     | it was asked for by itself                          |
| has an account that is known by its id       | it was asked for by itself, also by that id         |
| was sent a request whose end was not seen    | it was asked for by itself                          |
| is not to be active, or is only observed     | it was asked for, or the list had no hole           |
| joins, and may have been made by a request   | it was asked for, or the list had no hole           |
| joins, and never was in CXone                | always: the server refuses to create anybody twice  |
"""

from __future__ import annotations

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.knowledge import UNKNOWN, Absent, Knowledge, Proof
from cxone_operator.core.work import Work


def believed(user: CxoneUser, known: Knowledge, work: Work | None, *, joins: bool) -> Knowledge:
    """What is known, but for an absence that proves too little for this user: that is Unknown.

    `joins`: it would be created, and no request, of an earlier process either, may have done that.
    """
    if not isinstance(known, Absent) or known.proof is Proof.ASKED:
        return known
    open_end = work is not None and work.attempt is not None
    if user.metadata.deleting or user.status.user_id is not None or open_end:
        return UNKNOWN
    return known if known.proof is Proof.LISTED or joins else UNKNOWN
