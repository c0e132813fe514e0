"""Garbage collection that stays out of the way: full collections walk everything and stall the loop."""

import gc


def seldom_garbage_collection() -> None:
    """Call when a process begins: what a start makes it keeps, and looking through it takes a tenth of it."""
    gc.set_threshold(20_000, 20, 50)


def quiet_garbage_collection() -> None:
    """Call when the start is over: what lives now lives for good, and young garbage is collected seldom."""
    gc.collect()
    gc.freeze()
    seldom_garbage_collection()
