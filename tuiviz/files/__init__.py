"""Files: what comes in is checked before it is used, what goes out is written whole."""
