"""The cartridge as a whole: its header, and the transcript its self-test checks."""
