; The window: drawn into RAM, copied in the vertical blank, and moved in and out as a whole, away from the player.

        .include "game.inc"

        .import clear_sprites, hint, person_y
        .export window_frame

TOP_Y        = 2
TOP_HIDDEN   = .loword(-8 * WINDOW_ROWS - 1)
BELOW_Y      = PICTURE_LINES - 8 * WINDOW_ROWS - 2
BELOW_HIDDEN = PICTURE_LINES
TOO_LOW      = BELOW_Y          ; where the player's feet would be covered below
TOO_HIGH     = TOP_Y + 8 * WINDOW_ROWS + 30     ; where its head would be covered above
ROWS_AT_ONCE = 2
DRAW_STEPS   = WINDOW_ROWS / ROWS_AT_ONCE

EDGE_PALETTE  = 0
LINE_PALETTE  = 2              ; 1 is the title's
LAST_PALETTE  = 5

        .segment "CODE"

; A row of the frame. left, inside: tiles; flip: of all; palette
.macro frame_row left, inside, flip, palette
        .word TILE_CLEAR, left | flip | (palette) * PALETTE | IN_FRONT
        .repeat WINDOW_COLUMNS - 4
        .word inside | flip | (palette) * PALETTE | IN_FRONT
        .endrepeat
        .word left | flip | FLIP_X | (palette) * PALETTE | IN_FRONT, TILE_CLEAR
.endmacro

window_frame:
        frame_row TILE_CORNER, TILE_TOP, 0, EDGE_PALETTE
        .repeat 2
        frame_row TILE_LEFT, TILE_PAPER, 0, EDGE_PALETTE
        .endrepeat
        .repeat TEXT_LINES, I
        frame_row TILE_LEFT, TILE_PAPER, 0, LINE_PALETTE + I
        frame_row TILE_LEFT, TILE_PAPER, 0, LINE_PALETTE + I
        .endrepeat
        frame_row TILE_CORNER, TILE_TOP, FLIP_Y, LAST_PALETTE
        .assert * - window_frame = WINDOW_BYTES, error, "the frame has another size"

; At start-up: no window, no sprites.
routine start_window
        jsr clear_sprites
        jmp hint
endroutine

; Draw a part of an empty window: all at once would take long.
; in: talk_step = which    out: carry = it was the last
routine draw_window
        lda talk_step
        xba                     ; times 128
        lsr a
        .assert ROWS_AT_ONCE * ROW_BYTES = 128, error, "a step is not 128 bytes"
        tax
        ldy #ROWS_AT_ONCE * WINDOW_COLUMNS
:       lda window_frame, x
        sta window_map, x
        inx
        inx
        dey
        bne :-
        inc talk_step
        lda talk_step
        cmp #DRAW_STEPS
        rts
endroutine

; Before it opens: at the foot of the screen, unless the speaker stands there.
; in: speaker
routine choose_side
        ldy #0
        ldx speaker
        bmi :+                  ; nobody: the hint, at the top
        lda person_y, x
        cmp #TOO_LOW
        bcs :+
        ldy #2
:       sty window_below
        ldx window_below
        lda hidden_at, x
        sta window_y
        rts
endroutine

; A frame: the window moves to where it should be, fast at first. Where it would cover the player it goes out, and
; comes in at the other end.
; out: carry = it is hidden and should be
routine move_window
        ldx window_below
        lda hidden_at, x
        tay                     ; out, if it is not wanted here
        lda window_wanted
        beq go
        jsr covers
        bcs go
        ldy shown_at, x
go:     tya
        sec
        sbc window_y
        beq there
        bmi up
        clc
        adc #3                  ; so that the last part is a whole line
        lsr a
        lsr a
        bra moved
up:     sec                     ; the same of a negative number
        ror a
        sec
        ror a
moved:  clc
        adc window_y
        sta window_y
        clc
        rts
there:  lda window_wanted
        beq out
        tya
        cmp hidden_at, x
        bne :+
        lda window_below        ; to the other end
        eor #2
        sta window_below
        tax
        lda hidden_at, x
        sta window_y
:       clc
        rts
out:    sec
        rts
endroutine

; By window_below
hidden_at: .word TOP_HIDDEN, BELOW_HIDDEN
shown_at:  .word TOP_Y, BELOW_Y

; Would the window cover the player at the end where it is?
; in: X = window_below    out: carry    keeps X, Y
routine covers
        lda player_at_y
        xba
        and #$FF
        cpx #0
        beq top
        cmp #TOO_LOW
        rts
top:    cmp #TOO_HIGH
        bcs :+
        sec
        rts
:       clc
        rts
endroutine

; In the vertical blank: what has changed, and where it is.
routine show_window
        lda window_changed
        beq :+
        stz window_changed
        ldx #VRAM_WINDOW_MAP
        stx VMADDL
        a8
        dma DMA_WORD, VMDATAL, window_map, WINDOW_BYTES
        a16
:       lda window_y
        eor #$FFFF              ; the picture's first line is the background's line -1
        a8
        sta BG3VOFS
        xba
        sta BG3VOFS
        a16
        rts
endroutine
