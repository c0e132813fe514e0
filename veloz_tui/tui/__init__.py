"""The console: a Textual program that shows the last View and sends commands. It never computes money."""

import os

# Textual reads this once, at its first import. With the kitty protocol on, a second press of Ctrl is
# reported as a key of its own and would stand the kill switch down.
os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
