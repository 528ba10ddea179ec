"""Commands: how their options are read."""
