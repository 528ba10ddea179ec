"""What the API server can answer besides yes.

ClusterError
├── Unreachable      no answer, or a server error: try again later
├── Gone             404, or another object has that name by now
├── Conflicted       409: somebody wrote first; look again
└── Forbidden        401, 403 and every other refusal; trying again does not help
"""

from __future__ import annotations


class ClusterError(Exception):
    """A request to the Kubernetes API server that did not succeed."""


class Unreachable(ClusterError):
    """No answer, or 429, or 5xx."""


class Gone(ClusterError):
    """The object that was meant does not exist any more."""


class Conflicted(ClusterError):
    """The object has changed since it was read."""


class Forbidden(ClusterError):
    """The API server refuses for good."""


def error_for(status: int, message: str) -> ClusterError:
    """The error for an HTTP status of the API server."""
    text = f"the API server answered {status}: {message}"
    if status == 404:
        return Gone(text)
    if status == 409:
        return Conflicted(text)
    if status == 429 or status >= 500:
        return Unreachable(text)
    return Forbidden(text)
