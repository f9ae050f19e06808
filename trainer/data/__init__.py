"""The default corpora, and the programs that make them."""
