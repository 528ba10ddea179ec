"""Random schedules on real processes. CHAOS_SEED repeats one, CHAOS_PROCESS_SCHEDULES says how many there are.

Without a seed every run has the same ones (but for time itself); CHAOS_SEED=random draws new ones.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from chaos.processes.campaign import drawn, play_all
from controlplane.plane import ControlPlane

SCHEDULES = int(os.environ.get("CHAOS_PROCESS_SCHEDULES", "100"))


def _seeds() -> list[int]:
    seed = os.environ.get("CHAOS_SEED")
    if seed == "random":
        return [random.SystemRandom().randrange(10**9) for _ in range(SCHEDULES)]
    return [int(seed)] if seed else list(range(SCHEDULES))


@pytest.mark.timeout(60 * SCHEDULES + 120)
def test_random_schedules(control_plane: ControlPlane, tmp_path: Path) -> None:
    """Whatever breaks and whatever people do meanwhile: in the end everything is as they wanted."""
    outcomes = play_all(control_plane, [drawn(number) for number in _seeds()], tmp_path)
    bad = [str(outcome) for outcome in outcomes if outcome.complaints]
    assert not bad, "\n".join(bad)


def test_a_seed_says_it_all() -> None:
    """Nothing but time itself differs from run to run."""
    for seed in range(50):
        assert str(drawn(seed)) == str(drawn(seed))
