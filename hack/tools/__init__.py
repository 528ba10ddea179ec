"""Programs in Go that tests need and few machines have, each pinned by a go.mod of its own: helm and promtool, and what
`e2e` makes its nodes of.

A program of that name on PATH is used if it is new enough; otherwise it is built once, into the cache that all
checkouts of this user share. As in `controlplane`, only the standard library belongs here:

    PYTHONPATH=hack python -m tools helm promtool
"""
