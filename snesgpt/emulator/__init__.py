"""A Super Nintendo in a real emulator."""
