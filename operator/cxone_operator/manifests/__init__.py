"""Manifests: resources as people write them, read from files and Git, checked as the API server would, and applied."""
