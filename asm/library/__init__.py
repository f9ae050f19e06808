"""The model as a library for a game: where the game lets it be, what it gives out, and the files that say so."""
