"""Random schedules on real processes. CHAOS_SEED repeats one, CHAOS_PROCESS_SCHEDULES says how many there are."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from chaos.processes.campaign import drawn, play_all
from controlplane.plane import ControlPlane

SCHEDULES = int(os.environ.get("CHAOS_PROCESS_SCHEDULES", "100"))


@pytest.mark.timeout(30 * SCHEDULES + 120)
def test_random_schedules(control_plane: ControlPlane, tmp_path: Path) -> None:
    """Whatever breaks and whatever people do meanwhile: in the end everything is as they wanted."""
    seed = os.environ.get("CHAOS_SEED")
    seeds = [int(seed)] if seed else [random.SystemRandom().randrange(10**9) for _ in range(SCHEDULES)]
    outcomes = play_all(control_plane, [drawn(number) for number in seeds], tmp_path)
    bad = [str(outcome) for outcome in outcomes if outcome.complaints]
    assert not bad, "\n".join(bad)
