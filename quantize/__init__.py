"""Float weights in, the integer model out: the meaning of every number the ROM computes. Knows no assembly."""
