"""One file per subcommand of `snesgpt`."""
