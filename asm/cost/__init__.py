"""The cost of code, in bytes and clocks."""
