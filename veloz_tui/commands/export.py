"""`veloz export`: what a pane of the console lists, as a CSV file."""

from pathlib import Path

import click

from veloz_tui.commands.profile import Profile, emit
from veloz_tui.control.client import fetch_view
from veloz_tui.domain.errors import OperatorError
from veloz_tui.tui import exporting, texts

_PANES = tuple(pane for pane in exporting.PANES if pane != "fills")


@click.command()
@click.argument("pane", type=click.Choice(_PANES, case_sensitive=False))
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def export(profile: Profile, pane: str, file: Path) -> int:
    """Write a pane's rows to a new CSV file, with the engine's own numbers.

    Nothing is overwritten. Own fills: `:export fills FILE` in the console, or veloz report.

    \b
    veloz export orders orders.csv
    """
    view = fetch_view(profile.paths)
    try:
        text = exporting.csv_of(pane, view)
        exporting.write(file, text)
    except exporting.ExportError as error:
        raise OperatorError(str(error)) from error
    emit(texts.exports.written(pane, text.count("\n") - 1, str(file)))
    return 0
