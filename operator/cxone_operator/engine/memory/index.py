"""An index: which ones share a key, in the order in which they came; a key of nobody is not kept."""

from __future__ import annotations

Index = dict[str, tuple[str, ...]]
"""Key → uids or ids. A tuple, as nearly all keys have one."""


def put_in(index: Index, key: str, one: str) -> None:
    """One more has that key."""
    index[key] = (*index.get(key, ()), one)


def take_out(index: Index, key: str, one: str) -> None:
    """It has that key no more."""
    rest = tuple(other for other in index.get(key, ()) if other != one)
    if rest:
        index[key] = rest
    else:
        index.pop(key, None)
