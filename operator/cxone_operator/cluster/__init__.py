"""Kubernetes over HTTP: credentials, lists and the few writes that the operator makes.

Knows nothing of SCIM or Kopf.
"""
