"""The commands: options in, exit code out.

A module of a command declares it, and imports no more than that takes. What the command needs to do its work it imports
when it is called, so that `--help`, `--version` and a mistyped option are answered at once, and `bridge send` loads no
operator.
"""
