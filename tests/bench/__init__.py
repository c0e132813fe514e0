"""Benchmarks: each goal beside its peer or floor. See __main__.py."""
