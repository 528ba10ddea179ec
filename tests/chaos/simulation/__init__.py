"""Deterministic simulation: the whole engine in virtual time, against servers in memory that fail on purpose."""
