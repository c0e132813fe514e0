"""The console where there is no terminal: one plain block of text."""

import time

from veloz_tui.commands.profile import Profile, emit
from veloz_tui.commands.start import first_view, start
from veloz_tui.control.client import fetch_view
from veloz_tui.domain.views import View
from veloz_tui.tui.plain import render

BOOK_WITHIN_S = 5.0
POLL_S = 0.1


def show_plain(profile: Profile, *, starts: bool) -> int:
    """Print the engine's view; `starts`: after starting what isn't running."""
    if starts:
        start(profile)
    view = _view_with_book(profile) if starts else fetch_view(profile.paths)
    emit(render(view).rstrip("\n"))
    return 0


def _view_with_book(profile: Profile) -> View:
    # An engine that has just started has no book for a moment.
    deadline = time.monotonic() + BOOK_WITHIN_S
    while True:
        view = first_view(profile)
        if any(book.bids for book in view.books) or time.monotonic() > deadline:
            return view
        time.sleep(POLL_S)
