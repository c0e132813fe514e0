"""Pictures of the console for the documentation, drawn by the console itself."""
