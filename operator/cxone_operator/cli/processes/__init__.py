"""What `run` and `bridge` do once they are called: the wiring of the rooms."""
