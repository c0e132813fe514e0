"""A report as JSON: the struct itself. Decimals are strings, never rounded; times are UTC nanoseconds."""

import msgspec

from veloz_tui.reports.report import Group, Report


def render(report: Report, groups: tuple[Group, ...]) -> str:
    """Return the report; groups that weren't asked for are left out."""
    found = msgspec.to_builtins(report, str_keys=True)
    for group in ("strategy", "instrument", "hour"):
        if group not in groups:
            del found[f"by_{group}"]
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
