"""Float weights in, integers out, and the integer model: the definition of every number the ROM computes."""
