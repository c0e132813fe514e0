"""VeloZ TUI: a terminal trading console."""
