"""Text in, float weights out. Knows nothing of integers or of the Super Nintendo."""
