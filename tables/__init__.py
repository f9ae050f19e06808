"""Functions and glyphs as tables for the console, each with its domain, format and worst error."""
