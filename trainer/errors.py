"""The one exception that means: the user's input is wrong, and the message says what to do."""


class InputError(Exception):
    """Bad input. The message is one line: what is wrong, where, and what to do about it."""
