"""How long a lane gathers work before it is sent: short when requests are plentiful, longer as they get scarce."""

from __future__ import annotations

SHORTEST_SECONDS = 0.1
"""Long enough for a burst of `kubectl apply` to become one job, too short for a person to notice."""
LONGEST_SECONDS = 5.0


def patience(usage: float) -> float:
    """Seconds to wait for more work, given the used share (0 to 1) of the request window."""
    return SHORTEST_SECONDS + (LONGEST_SECONDS - SHORTEST_SECONDS) * usage**2
