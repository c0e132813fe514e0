"""Reports made from the console."""


def exists(path: str) -> str:
    """Nothing is overwritten."""
    return f"NOT WRITTEN: {path} exists. Choose another name"


def reporting(kind: str) -> str:
    """:report has begun."""
    return f"REPORT {kind} is being made from the journal; the console goes on"


def reported(path: str) -> str:
    return f"REPORT written: {path}"


def report_failed(why: str) -> str:
    return f"REPORT not written: {why}. In a shell: veloz report daily"


NO_REPORT = "REPORT not here: this console doesn't know its profile's files. In a shell: veloz report daily"
REPORT_RUNS = "REPORT: one is being made already"
REPORT_TIMEOUT = "it took over 10 minutes"
