#!/bin/sh
# check-given.sh: one line, before any work, if make was given a file that is not there or what cannot go together.
# The variables of the Makefile come through the environment.
set -eu

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

case $TARGET in stock | sa1) ;; *) fail "TARGET=$TARGET: there are stock and sa1" ;; esac

if [ -z "$CHECKPOINT" ]; then
    [ -f "$DATA" ] || fail "DATA=$DATA: there is no such file"
    exit
fi

idle=
for name in $GIVEN; do
    case $name in DATA | CHECKPOINT | TARGET) ;; *) idle="$idle $name" ;; esac
done
[ -z "$idle" ] || fail "CHECKPOINT=$CHECKPOINT is trained already: leave out$idle"
[ -f "$CHECKPOINT" ] || fail "CHECKPOINT=$CHECKPOINT: there is no such file"
[ ! "$CHECKPOINT" -ef build/weights.npz ] ||
    fail "CHECKPOINT=$CHECKPOINT is where the weights are anyway: make without it goes on from there"
