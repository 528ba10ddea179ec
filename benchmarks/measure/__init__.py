"""What all benchmarks share: a place to measure in, a client that costs little, and one way to run and to report.

A benchmark is a module beside this package: its docstring is the idea, its `BENCHMARK` says what is measured, against
which targets and for how long at most. Nothing here judges; `benchmark.py` only compares with the targets.
"""
