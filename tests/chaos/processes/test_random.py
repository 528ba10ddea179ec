"""Random schedules on real processes. `chaos.seeds` says which; CHAOS_PROCESS_SCHEDULES says how many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos.processes.campaign import drawn, play
from chaos.seeds import seeds
from controlplane.plane import ControlPlane

SCHEDULES = int(os.environ.get("CHAOS_PROCESS_SCHEDULES", "100"))


@pytest.mark.parametrize("seed", seeds(SCHEDULES, first=0))
def test_a_random_schedule(control_plane: ControlPlane, tmp_path: Path, seed: int) -> None:
    """Whatever breaks and whatever people do meanwhile: in the end everything is as they wanted."""
    outcome = play(control_plane, drawn(seed), tmp_path)
    assert not outcome.complaints, str(outcome)


def test_a_seed_says_it_all() -> None:
    """Nothing but time itself differs from run to run."""
    for seed in range(50):
        assert str(drawn(seed)) == str(drawn(seed))
