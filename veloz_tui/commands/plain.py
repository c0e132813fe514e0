"""The console where there is no terminal: one plain block of text."""

import time

from veloz_tui.commands.profile import Profile, emit
from veloz_tui.commands.start import first_view, start
from veloz_tui.control.client import fetch_view
from veloz_tui.domain.views import View
from veloz_tui.tui.plain import render

KNOWN_WITHIN_S = 5.0
POLL_S = 0.1


def show_plain(profile: Profile, *, starts: bool) -> int:
    """Print the engine's view; `starts`: after starting what isn't running."""
    if starts:
        start(profile)
    view = _known_view(profile) if starts else fetch_view(profile.paths)
    emit(render(view).rstrip("\n"))
    return 0


def _known_view(profile: Profile) -> View:
    # An engine that has just started has no book and no account for a moment.
    deadline = time.monotonic() + KNOWN_WITHIN_S
    while True:
        view = first_view(profile)
        is_known = view.account.equity is not None and any(book.bids for book in view.books)
        if is_known or time.monotonic() > deadline:
            return view
        time.sleep(POLL_S)
