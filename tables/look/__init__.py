"""What the screens look like besides their letters: windows, pattern, cursor, colours and their gradients."""
