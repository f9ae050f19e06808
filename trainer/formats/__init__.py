"""Models that other programs wrote: one reader a file format."""
