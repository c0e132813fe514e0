"""What lifts an alert, and what to do about it, by its code."""

from typing import Final

_DOUBT: Final = (
    "the venue's word on it (answer, event, or three not-founds)",
    "nothing; do not send it again",
)
REMEDIES: Final[dict[str, tuple[str, str]]] = {
    "KILL": (":rearm exits or :rearm full, once zero is certified", "look at positions without stops"),
    "KILL_CERTIFIED": (":rearm exits or :rearm full", "look at positions without stops"),
    "IN_DOUBT": _DOUBT,
    "RESOLVED": ("it is over", "nothing"),
    "NEVER_ARRIVED": ("it is over; the exposure is let go after 30 minutes", "nothing"),
    "AMEND_DROPPED": (
        "it is said once",
        "look at what is left of the order; place it anew if it is still right",
    ),
    "PARAMETERS": (
        "parameters that the strategy takes",
        "set them right, or reset them to the settings file's",
    ),
    "REJECTED": ("it is said once a refusal", "read the venue's words; change the order or leave it"),
    "NOT_SENT": ("it is said once", "send it again if it is still right"),
    "ORPHAN": ("the order's end", "end the other engine on this account; x x cancels the order"),
    "REOPENED": ("the order's end", "trust the venue; cancel the order if you don't want it"),
    "ANOMALY": ("nothing: it is for the record", "compare with the venue's own page; report it with the log"),
    "UNKNOWN_STATUS": ("the next status that can be read", "compare with the venue's own page; report it"),
    "BREAKER_OPEN": ("one order that goes through, after the pause", "wait; cancels and exits still leave"),
    "VENUE_DOWN": (
        "READY again, after reconciliation",
        "wait; open orders stay there, veloz kill reaches it",
    ),
    "VENUE_READY": ("it is over", "nothing"),
    "CLOCK_OFFSET": ("clocks that agree", "set this host's clock (NTP)"),
    "ACCOUNT_SWAPPED": ("the right key, and a restart", "put it back, or use another profile"),
    "JOURNAL_SLOW": ("writes that are quick again", "free space, look at the disk"),
    "JOURNAL_FAILED": ("a write that succeeds", "free space, look at the disk"),
    "JOURNAL_OK": ("it is over", "nothing"),
    "DISK_LOW": ("more room", "free some"),
    "GUARDIAN_GONE": ("a new guardian; the engine starts one", "nothing; else look into guardian.log"),
    "GUARDIAN_BACK": ("it is over", "nothing"),
    "UNCLEAN_STOP": ("nothing: it is for the record", "read what was canceled and what is in doubt"),
    "STRATEGY_FAULTED": ("its next start", "mend it; Space starts it"),
    "INLINE_SUSPECT": ("its next start", "run it in a process of its own (inline = false)"),
    "UNKNOWN_INSTRUMENT": ("settings that watch the instrument", "add it to the venue's instruments"),
    "EXIT": ("a position that is closed", "look at the position; close the rest by hand"),
    "NOT_FLAT": ("a position that is closed", "close the rest by hand"),
    "LIMIT_USE": ("use that falls below the level", "take something off, or change the limit"),
    "DETACHED": ("a console that attaches", "attach, or change engine.on_detach"),
}
