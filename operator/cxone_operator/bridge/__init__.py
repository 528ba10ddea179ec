"""The HR bridge: verified events of an HR system in, custom resources out.

    request ──▶ signature ──▶ event ──▶ person ──▶ decision ──▶ store ──▶ reply
                (by whom)     (what)    (of whom)  (pure)       (API server)

Knows nothing of CXone: it writes CxoneUser resources, and the operator makes CXone agree with them. Nothing that
matters is kept in this process. What was applied is remembered on each resource, so replicas and restarts need not
agree on anything else.
"""
