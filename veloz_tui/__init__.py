"""VeloZ TUI: a terminal trading console."""

__version__ = "0.1.0"
