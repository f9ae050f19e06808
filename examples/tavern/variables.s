; Where the variables are.

DEFINE_VARIABLES = 1
        .include "game.inc"
