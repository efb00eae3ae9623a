"""What the engine refuses, in one line that a person can act on."""


class InputError(ValueError):
    """Input that cannot be used: one line saying what is wrong, where, and what to do."""
