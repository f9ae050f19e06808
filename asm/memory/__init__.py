"""Where everything is, in ROM, work RAM and battery RAM."""
