"""Programs in Go that tests need and few machines have, such as helm, each pinned by a go.mod of its own.

A program of that name on PATH is used if it is new enough; otherwise it is built once, into the cache that all
checkouts of this user share. As in `controlplane`, only the standard library belongs here:

    PYTHONPATH=hack python -m tools helm promtool
"""
