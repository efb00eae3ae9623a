"""What `tuiviz check` shows: words, lines of code, a picture, JSON; and the probe."""
