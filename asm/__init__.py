"""The integer model as 65816 source, a linker map and a cartridge image. Knows nothing of training."""
