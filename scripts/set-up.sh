#!/bin/sh
# set-up.sh PYTHON FOLDER [EXTRA]: a virtual environment with this package, and what extras of pyproject.toml need: those
# of every command that make calls, and EXTRA;
# or one line that says why there is none. It may be killed at any moment, and run twice at once.
set -eu
python=$1 folder=$2 extra=${3-}
unfinished=$folder/unfinished stamp=$folder/installed${extra:+-$extra}

fail() {
    echo "$1" >&2
    exit 1
}

# The lock is on this file. Every program started below inherits it, so it ends with the last of them.
exec 9<"$0"
lock() {
    "$1" -c 'if True:
        import fcntl, sys
        try:
            fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is setting up", sys.argv[1] + ": waiting for it", flush=True)
            fcntl.flock(9, fcntl.LOCK_EX)' "$folder" 2>/dev/null
}

make_venv() {
    command -v "$python" >/dev/null ||
        fail "$python is not installed: get Python 3.11 or newer (apt-get install python3 python3-venv)"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$python is Python $version, 3.11 or newer is needed: install one and run make PYTHON=python3.11"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python has no venv module: install it (apt-get install python3-venv) and run make again"
    echo "Creating $folder"
    rm -rf "$folder"
    mkdir "$folder"
    : >"$unfinished"
    "$python" -m venv "$folder" || {
        rm -rf "$folder"
        fail "$python could not make $folder"
    }
}

lock "$python" || lock "$folder/bin/python" || true # a file system without locks: alone, all is well
if [ -e "$stamp" ] && [ ! -e "$unfinished" ] && [ -x "$folder/bin/python" ] && [ ! pyproject.toml -nt "$stamp" ]; then
    exit 0 # another make did it meanwhile
fi

# What a killed set-up left is not trusted.
if [ -e "$unfinished" ] || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then make_venv; fi

case $extra in
test) what="the package and what its tests need" ;;
release) what="the package and what a release is built with" ;;
emulators) what="the package and the emulator Snes9x" ;;
*) what="the package" ;;
esac
echo "Installing $what into $folder"
: >"$unfinished"
# pip says nothing unless it fails.
"$folder/bin/python" -m pip install -q --disable-pip-version-check -e ".[plots,tokens${extra:+,$extra}]" 2>"$folder/pip.log" || {
    rm "$unfinished"
    cat "$folder/pip.log" >&2
    exit 1
}
rm "$unfinished"
touch "$folder/installed" "$stamp"
[ "$extra" != test ] || touch "$folder/installed-emulators"
