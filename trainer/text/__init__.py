"""Text: read, cut into documents, and turned into tokens and back."""
