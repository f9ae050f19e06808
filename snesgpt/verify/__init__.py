"""The console against the integer model."""
