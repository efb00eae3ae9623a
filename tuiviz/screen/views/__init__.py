"""What is drawn, as functions of a session and a size; no widget, no application."""
