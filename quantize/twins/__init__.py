"""The values that the screens and the sound unit derive from the integer model, in Python."""
