"""The debugger on a terminal: the application, its widgets, and what they draw."""
