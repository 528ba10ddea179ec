"""CXone over HTTP: SCIM 2.0, licences and tokens. Knows nothing of Kubernetes.

client ──▶ messages, bulk (bodies both ways) ──▶ transport (budget, token, one request) ──▶ errors
"""
