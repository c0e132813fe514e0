"""Garbage collection that stays out of the way: full collections walk everything and stall the loop."""

import gc


def quiet_garbage_collection() -> None:
    """Call when the start is over: what lives now lives for good, and young garbage is collected seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
