"""Argo CD: scripts, settings and example Applications."""
