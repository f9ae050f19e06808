"""The tables behind the screens."""
