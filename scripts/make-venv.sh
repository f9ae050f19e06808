#!/bin/sh
# make-venv.sh PYTHON FOLDER: a virtual environment, or one line that says why there is none.
set -eu
python=$1 folder=$2

fail() {
    echo "$1" >&2
    exit 1
}

command -v "$python" >/dev/null ||
    fail "$python is not installed: get Python 3.11 or newer (apt-get install python3 python3-venv)"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is Python $version, 3.11 or newer is needed: install one and run make PYTHON=python3.11"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module: install it (apt-get install python3-venv) and run make again"

rm -rf "$folder"
"$python" -m venv "$folder" || {
    rm -rf "$folder"
    fail "$python could not make $folder"
}
