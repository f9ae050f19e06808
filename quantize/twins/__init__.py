"""What the screens and the sound unit make of the integer model, in Python."""
