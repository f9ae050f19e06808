"""The float decoders: their blocks, forward and backward."""
