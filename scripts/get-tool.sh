#!/bin/sh
# get-tool.sh cc65 | bsnes | node | chromium | ghdl | verilator: installs what pip cannot, through apt-get where that
# asks for no password. Anywhere else it names the packages and fails.
set -eu
how=

fail() {
    echo "$1" >&2
    exit 1
}

# wrong_version PROGRAM WANTED: fails where the program is there, for its version is another one.
wrong_version() {
    if command -v "$1" >/dev/null; then
        fail "the simulator of rtl/ needs $2: this is $("$1" --version | head -n 1)"
    fi
}

case $1 in
cc65)
    if command -v ca65 && command -v ld65; then exit; fi >/dev/null
    package=cc65
    missing="the assembler (ca65, ld65) is missing"
    while read -r line; do how="$how${how:+; }$line"; done <"$(dirname "$0")/../asm/cc65.txt"
    ;;
bsnes)
    package=libretro-bsnes-mercury-accuracy
    missing="the bsnes accuracy core is missing"
    elsewhere="with dnf, brew or pacman install retroarch: its online updater has the core \"bsnes-mercury Accuracy\""
    ;;
node)
    new='const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
    if command -v npm && node -e "$new"; then exit; fi >/dev/null 2>&1
    echo "the lab page is built with Node 20.19 or newer and npm: install them from https://nodejs.org" >&2
    exit 1
    ;;
chromium)
    if command -v chromium; then exit; fi >/dev/null
    package=chromium
    missing="the tests of the lab page need chromium"
    elsewhere="dnf install chromium; brew install --cask chromium; pacman -S chromium"
    ;;
ghdl)
    case $(ghdl --version 2>/dev/null) in "GHDL "2.*) exit ;; esac
    wrong_version ghdl "GHDL 2"
    package="ghdl ghdl-mcode"
    missing="the VHDL synthesizer (ghdl) is missing"
    elsewhere="dnf install ghdl; brew install ghdl; pacman -S ghdl"
    ;;
verilator)
    case $(verilator --version 2>/dev/null) in "Verilator "5.*) exit ;; esac
    wrong_version verilator "Verilator 5"
    package="verilator clang make"
    missing="Verilator is missing"
    elsewhere="dnf install verilator clang; brew install verilator; pacman -S verilator clang"
    ;;
*)
    echo "usage: get-tool.sh cc65 | bsnes | node | chromium | ghdl | verilator" >&2
    exit 2
    ;;
esac

as_root=
if ! command -v apt-get >/dev/null; then
    fail "$missing: install it and run make again (${how:-apt-get install $package; $elsewhere})"
elif [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null ||
        fail "$missing: install it and run make again (${how:-sudo apt-get install $package; $elsewhere})"
    as_root="sudo -n"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt_get() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1
}

echo "Installing $package with apt-get"
apt_get install $package || { apt_get update && apt_get install $package; } ||
    fail "apt-get could not install $package: $(tail -n 1 "$log")"
