"""The commands: options in, wiring of the rooms, exit code out."""
