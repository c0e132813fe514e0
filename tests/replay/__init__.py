"""Recorded markets through the whole engine, against the venue's own best prices. See __main__.py."""
