"""SGD, its history, and what truncation makes of the gradients it uses."""
