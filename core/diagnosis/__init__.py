"""What is wrong with a gradient that somebody computed."""
