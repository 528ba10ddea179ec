"""Chaos on real processes: the operator between two proxies that can do anything to it."""
