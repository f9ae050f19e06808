"""Long hunts for inputs that break something: `make soak`. Each module has run(seconds, seed) → counts."""
