; The x-ray screen's letters and numbers.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "xray.inc"

        .segment "CODE"

ELLIPSIS     = $1F
HIDDEN_PLACES = 2 + (N_HIDDEN >= 100)                   ; digits of a count of hidden units

; The texts that never change.
; kills: A, X, Y
proc draw_xray_labels, 16, 16
        ldx #2 * ACROSS * XRAY_ROWS - 2
        lda #' '
:       sta f:xray_cells, x
        dex
        dex
        bpl :-
        at STREAM_ROW, LABEL_COLUMN
        say INK_GREY, stream
        at HIDDEN_ROW, LABEL_COLUMN
        say INK_GREY, hidden_label
        at HIDDEN_ROW + 1, LABEL_COLUMN + HIDDEN_PLACES
        say INK_GREY, of
        at HIDDEN_ROW + 2, LABEL_COLUMN
        lda #N_HIDDEN
        ldy #HIDDEN_PLACES
        call put_decimal
        say INK_GREY, zero
        at BEFORE_ROW, LABEL_COLUMN
        say INK_GREY, before
        say INK_PAPER, one
        .if ::MEMORY_ROW
        at MEMORY_BARS, LABEL_COLUMN
        say INK_GREY, remembered
        say INK_PAPER, one
        .endif
        at AFTER_ROW, LABEL_COLUMN
        say INK_GREY, after
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        tail_call draw_hints
stream: .asciiz "stream"
hidden_label: .asciiz "hidden"
of:     .asciiz " of"
zero:   .asciiz " zero"
        .if ::MEMORY_ROW
before: .asciiz "model alone   T "
remembered: .asciiz "memory alone  T "
        .elseif ::MERGED
before: .asciiz "next token    T "
        .else
before: .asciiz "next letter   T "
        .endif
one:    .asciiz "1.0"
after:  .asciiz "as drawn      T"
hints:  .asciiz "A step  hold A run  B new name"
        .if ::VIEWS > 1
hints_below: .asciiz "<> T ^v seed  L R look  SELECT"
        .else
hints_below: .asciiz "<> T  ^v seed  SELECT next"
        .endif
endproc

; The token that was picked, and its percentage.
; in: A = percent, cursor    kills: A, X, Y, token_text
proc draw_picked, 16, 16
        pha
        set ink, INK_GOLD
        lda next_token
        ldy #LABEL_TILES
        call put_label
        pla
        ldy #4
        call put_decimal
        lda #'%'
        tail_call put_character
endproc

; Which layer and heads these are, the hidden units at zero, and the temperature.
; kills: A, X, Y
proc draw_heads, 16, 16
        .if ::N_LAYER > 1
        at TITLE_ROW, CELLS_COLUMN + 13
        say INK_GREY, layer
        lda xray_layer
        inc a
        ldy #1
        call put_decimal
        .endif
        at HEADS_ROW, LABEL_COLUMN
        lda xray_head
        sta column
next:   lda column
        cmp #SHOWN_HEADS
        bcs blank
        say INK_GREY, head
        lda column
        inc a
        ldy #2
        call put_decimal
        bra :+
blank:  say INK_GREY, none
:       lda cursor
        clc
        adc #ROW_BYTES - 2 * 7
        sta cursor
        inc column
        lda column
        sec
        sbc xray_head
        cmp #HEADS
        bne next
        set ink, INK_PAPER
        at HIDDEN_ROW + 1, LABEL_COLUMN
        lda xray_zeros
        ldy #HIDDEN_PLACES
        call put_decimal
        at AFTER_ROW, LABEL_COLUMN + 16
        lda temperature
        tail_call put_tenths
layer:  .asciiz "layer "
head:   .asciiz "head "
none:   .asciiz "       "
endproc

; The letters above their cells, in gold the one that was picked to follow.
; kills: A, X, Y, count
proc draw_letters, 16, 16
        at LETTERS_ROW, CELLS_COLUMN - 1
        set ink, INK_GREY
        lda #' '
        ldx xray_window
        beq :+
        lda #ELLIPSIS
:       call put_character
        set ink, INK_PAPER
        lda xray_window
        lsr a
        sta count
next:   lda count
        cmp position
        beq draw
        bcc draw
        sbc position            ; carry is set
        dec a
        bne blank
        set ink, INK_GOLD
draw:   lda count
        asl a
        tax
        lda f:xray_letters, x
        call token_tile
        bra put
blank:  lda #' '
put:    call put_character
        inc count
        lda count
        asl a
        sec
        sbc xray_window
        cmp #2 * (ACROSS + 1)
        bne next
        rts
endproc

; The random number, as a fraction of one, and what it picks, in full.
; kills: A, X, Y, token_text, mul_a, mul_b, product
proc draw_draw, 16, 16
        at STATUS_ROW, LABEL_COLUMN
        lda inverse_t
        beq greedy
        say INK_GREY, random_label
        set ink, INK_PAPER
        lda #'0'
        call put_character
        lda #'.'
        call put_character
        lda random_y
        sta mul_a
        set mul_b, 1000
        call mul_u16
        lda product + 2
        clc
        adc #1000               ; for the zeros in front; the 1 is drawn over
        ldy #4
        dec cursor
        dec cursor
        call put_decimal
        lda cursor
        pha
        sec
        sbc #2 * 4
        sta cursor
        lda #'.'
        call put_character
        pla
        sta cursor
        bra picks
greedy: say INK_GREY, greedy_label
picks:  say INK_GREY, picks_label
        set ink, INK_GOLD
        lda next_token
        ldy #MAX_TOKEN
        tail_call put_label
        .if ::MERGED            ; which may need the room
random_label: .asciiz " "
greedy_label: .asciiz "greedy"
        .else
random_label: .asciiz "random "
greedy_label: .asciiz "greedy      "
        .endif
picks_label: .asciiz " picks "
endproc

; The labels of the bars, in gold that of the token picked.
; kills: A, X, Y, column, cursor, token_text
proc draw_bar_labels, 16, 16
        at BARS_ROW, BARS_COLUMN
        stz column
next:   set ink, INK_GREY
        ldx column
        lda f:bar_tokens, x
        lsr a
        cmp next_token
        bne :+
        ldx #INK_GOLD
        stx ink
:       ldy #LABEL_TILES
        call put_label
        .if ::BAR_PITCH > ::LABEL_TILES
        lda cursor
        clc
        adc #2 * (BAR_PITCH - LABEL_TILES)
        sta cursor
        .endif
        inc column
        inc column
        lda column
        cmp #2 * BARS
        bne next
        rts
endproc
