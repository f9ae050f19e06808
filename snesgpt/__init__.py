"""The command line, the emulated console and the proofs. Knows nothing of how a stage does its work."""
