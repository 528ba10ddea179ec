"""Decisions, and nothing else: pure functions over frozen values.

No clock, randomness, network, Kubernetes or Kopf: time and jitter are arguments, so every rule can be read, and
tested, as a table.
"""
