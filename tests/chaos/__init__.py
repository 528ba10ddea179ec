"""Trying to break it: in virtual time against models, and with real processes between proxies."""
