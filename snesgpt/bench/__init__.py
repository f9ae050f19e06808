"""How long a token takes on the console."""
