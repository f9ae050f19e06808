"""What code costs, in bytes and clocks."""
