"""What every room of the engine stands on: clocks, tasks, back-off."""
