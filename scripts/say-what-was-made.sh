#!/bin/sh
# say-what-was-made.sh ROM: what it is, how to run it, and the first names on its screen.
set -eu
rom=$1

names=$(.venv/bin/snesgpt sample --count 10)
echo
echo "Made $rom, a Super Nintendo cartridge of $(($(wc -c <"$rom") / 1024)) KiB."
echo "Run it: make run, or open it in any SNES emulator, or copy it to a flash cart."
echo "The first ten of the names it will print:"
echo "$names" | sed 's/^/  /'
