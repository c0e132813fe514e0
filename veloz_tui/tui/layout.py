"""Which pane stands where, for every size of the terminal. Pure; Textual only executes the plan."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

MIN_WIDTH: Final = 40
MIN_HEIGHT: Final = 10
TWO_COLUMNS: Final = 60
NORMAL: Final = 110
WIDE: Final = 170

_PLACES: Final = {
    "watch": "orders", "account": "positions", "strategies": "strategies", "tape": "alerts",
    "fills": "alerts",
}  # fmt: skip


class Box(NamedTuple):
    """A rectangle in cells."""

    x: int
    y: int
    width: int
    height: int


class Request(NamedTuple):
    """What the plan depends on: size, focus, and how many rows each pane could fill."""

    width: int
    height: int
    focus: str
    zoomed: bool = False
    strip: int = 0
    """Lines of the ticket or the command line above the message line."""
    rows: Mapping[str, int] = {}
    """Lines each pane would like, its title and header included."""
    help_open: bool = False
    page: Sequence[str] = ()
    """Panes which have the body for themselves, above each other."""
    message: int = 1
    """Lines of the message line: a long denial takes two."""


Plan = dict[str, Box]


def plan(request: Request) -> Plan:
    """Every visible part and its place; parts not named are hidden."""
    width, height = request.width, request.height
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return {"tiny": Box(0, 0, max(width, 1), max(height, 1))}
    strip = min(request.strip, max(0, height - 7))
    message = min(request.message, max(1, height - 8 - strip))
    body = Box(0, 2, width, height - 3 - strip - message)
    parts: Plan = {
        "status": Box(0, 0, width, 2),
        "message": Box(0, height - 1 - message, width, message),
        "footer": Box(0, height - 1, width, 1),
    }
    if strip:
        parts["strip"] = Box(0, body.y + body.height, width, strip)
    return parts | _body(request, body)


def _body(request: Request, body: Box) -> Plan:
    if request.help_open:
        return {"help": body}
    if request.focus in request.page and not request.zoomed:
        return _page(request.page, body)
    if request.zoomed or request.width < TWO_COLUMNS:
        return {request.focus: body}
    if request.width < NORMAL:
        return _columns(request, body, left=("ladder",), left_width=32)
    if request.width < WIDE:
        return _columns(request, body, left=("ladder",), left_width=44)
    return _wide(request, body)


def _page(panes: Sequence[str], body: Box) -> Plan:
    parts: Plan = {}
    y, left = body.y, body.height
    for at, pane in enumerate(panes):
        tall = -(-left // (len(panes) - at))
        if tall > 0:
            parts[pane] = Box(body.x, y, body.width, tall)
        y, left = y + tall, left - tall
    return parts


def _columns(request: Request, body: Box, *, left: Sequence[str], left_width: int) -> Plan:
    right = Box(left_width + 1, body.y, body.width - left_width - 1, body.height)
    return {
        **_stack(request, left, Box(0, body.y, left_width, body.height)),
        "gutter1": Box(left_width, body.y, 1, body.height),
        **_stack(request, _right_panes(request.focus), right),
    }


def _right_panes(focus: str) -> tuple[str, ...]:
    panes = ("orders", "positions", "strategies", "alerts")
    if focus in {"watch", "account", "tape", "fills"}:
        return tuple(focus if pane == _PLACES[focus] else pane for pane in panes)
    return panes


def _wide(request: Request, body: Box) -> Plan:
    first, ladder, last = 46, 48, 38
    middle = body.width - first - ladder - last - 3
    at_middle = first + 1 + ladder + 1
    return {
        **_stack(request, ("watch", "account", "strategies"), Box(0, body.y, first, body.height)),
        "gutter1": Box(first, body.y, 1, body.height),
        "ladder": Box(first + 1, body.y, ladder, body.height),
        "gutter2": Box(at_middle - 1, body.y, 1, body.height),
        **_stack(request, ("orders", "positions", "alerts"), Box(at_middle, body.y, middle, body.height)),
        "gutter3": Box(at_middle + middle, body.y, 1, body.height),
        **_stack(request, ("tape", "fills"), Box(at_middle + middle + 1, body.y, last, body.height)),
    }


# Lines a pane gets before others may grow, its title included; and the order in which they grow.
_LEAST: Final = {
    "orders": 4,
    "positions": 3,
    "strategies": 1,
    "alerts": 2,
    "account": 3,
    "watch": 3,
    "tape": 3,
    "fills": 4,
}
_GROWS: Final = ("positions", "alerts", "account", "strategies", "watch", "fills")
_TAKES_REST: Final = ("ladder", "orders", "tape", "strategies", "account", "positions")


def _stack(request: Request, panes: Sequence[str], box: Box) -> Plan:
    """Panes above each other: their least, then what they'd like, focused first; one takes the rest."""
    heights = {pane: min(_LEAST.get(pane, 1), box.height) for pane in panes}
    rest = box.height - sum(heights.values())
    growing = sorted((pane for pane in panes if pane in _GROWS), key=lambda pane: pane != request.focus)
    for pane in growing:
        limit = box.height // 2 if pane == request.focus else box.height // 4
        more = min(rest, max(0, min(request.rows.get(pane, 0), limit) - heights[pane]))
        if more > 0:
            heights[pane] += more
            rest -= more
    for pane in reversed([pane for pane in panes if pane != request.focus]):
        cut = min(heights[pane], max(0, -rest))  # too low for all: the lower ones give way, never the focus
        heights[pane], rest = heights[pane] - cut, rest + cut
    filler = next((pane for pane in _TAKES_REST if pane in panes), panes[-1])
    heights[filler] = max(0, heights[filler] + rest)
    parts: Plan = {}
    y, end = box.y, box.y + box.height
    for pane in panes:
        tall = min(heights[pane], end - y)
        if tall > 0:
            parts[pane] = Box(box.x, y, box.width, tall)
        y += tall
    return parts


def neighbour(parts: Plan, focus: str, step: int) -> str:
    """The pane to the right (+1) or left (-1) of the focused one, nearest by height."""
    here = parts.get(focus)
    if here is None:
        return focus
    columns = sorted({box.x for name, box in parts.items() if _is_pane(name)})
    at = columns.index(here.x) + step
    if not 0 <= at < len(columns):
        return focus
    there = [name for name, box in parts.items() if _is_pane(name) and box.x == columns[at]]
    return min(there, key=lambda name: abs(parts[name].y - here.y))


def panes_in_order(parts: Plan) -> list[str]:
    """Visible panes for Tab: column by column, from the top."""
    names = [name for name in parts if _is_pane(name)]
    return sorted(names, key=lambda name: (parts[name].x, parts[name].y))


def _is_pane(name: str) -> bool:
    return name not in {"status", "message", "footer", "strip", "tiny", "help"} and not name.startswith(
        "gutter"
    )
