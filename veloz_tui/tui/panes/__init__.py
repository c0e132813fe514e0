"""View-models: a View in, the content of a pane out. Pure, without Textual."""
