"""The doctor: its judgements, and the order of a visit."""
