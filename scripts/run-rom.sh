#!/bin/sh
# run-rom.sh ROM: opens it in the first emulator that is installed.
set -eu
rom=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")

# open_in NAME COMMAND…: the cartridge's path comes last.
open_in() {
    echo "Opening $(basename "$rom") in $1"
    shift
    exec "$@" "$rom"
}

for program in snes9x-gtk snes9x-qt snes9x ares bsnes mesen Mesen; do
    if command -v "$program" >/dev/null; then open_in "$program" "$program"; fi
done

for app in Snes9x ares bsnes Mesen; do
    if [ -d "/Applications/$app.app" ]; then open_in "$app" open -a "$app"; fi
done

if command -v flatpak >/dev/null; then
    for id in com.snes9x.Snes9x dev.ares.ares dev.bsnes.bsnes; do
        if flatpak info "$id" >/dev/null 2>&1; then open_in "$id" flatpak run "$id"; fi
    done
fi

if command -v retroarch >/dev/null; then
    for folder in "$HOME/.config/retroarch/cores" /usr/lib/*/libretro /usr/lib/libretro /usr/lib64/libretro \
        .venv/lib/python*/site-packages/stable_retro/cores; do
        for core in "$folder"/snes9x_libretro.so "$folder"/bsnes*_libretro.so "$folder"/mesen-s_libretro.so; do
            if [ -f "$core" ]; then open_in "RetroArch ($(basename "$core" _libretro.so))" retroarch -L "$core"; fi
        done
    done
fi

echo "No emulator found: install Snes9x, ares, bsnes, Mesen or RetroArch with a SNES core, or open $1 in another" >&2
exit 1
