"""Long hunts for inputs that break something: `make soak`. Every module has run(seconds, seed) → counts in words."""
