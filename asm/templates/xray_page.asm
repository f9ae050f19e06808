; The x-ray screen: one token at a time, and every value of it as the model has just computed it (xray_cells, xray_bars).

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "xray.inc"

        .segment "CODE"

ELLIPSIS     = $1F
HOLD_AFTER   = 20               ; frames until A, still held, makes another token
HOLD_EVERY   = 10
HEAD_GROUPS  = (SHOWN_HEADS + HEADS - 1) / HEADS
VIEWS        = N_LAYER * HEAD_GROUPS
HIDDEN_PLACES = 2 + (N_HIDDEN >= 100)                   ; digits of a count of hidden units

BEFORE_FOOT  = (BEFORE_ROW + 3) * ROW_BYTES + 2 * BARS_COLUMN   ; offsets in the tile map
AFTER_FOOT   = (AFTER_ROW + 3) * ROW_BYTES + 2 * BARS_COLUMN

; A token, shown; then wait for A. A press is heard while one is computed, and it is computed anew.
proc xray_page, 16, 16
        call draw_xray_labels
        set xray_view, VIEWS - HEAD_GROUPS              ; the last layer, its first heads
        call find_view
begin:  call set_temperature
        lda seed
        call seed_random
        call draw_settings
name:   call begin_document
compute:
        set xray_pending, 1
        lda random_x
        sta xray_random
        lda random_y
        sta xray_random + 2
again:  lda xray_random
        sta random_x
        lda xray_random + 2
        sta random_y
        lda xray_layer
        inc a
        sta probing
        call try_token
        stz probing
        bcs heard
        call show_token
rest:   call take_pad
        bne pressed
        lda pad_held
        bit #PAD_A
        beq rest
        lda frames
        sec
        sbc xray_due
        bmi rest
        lda #HOLD_EVERY
        bra step
heard:  call take_pad
pressed:
        bit #PAD_START | PAD_B
        bne name
        bit #PAD_L | PAD_R
        bne look
        bit #PAD_A
        bne more
        call change_settings
        bcs begin
ignored:
        lda xray_pending
        bne again
        bra rest
look:   call change_view
        bra again
more:   lda xray_pending
        bne again
        lda #HOLD_AFTER
step:   clc
        adc frames
        sta xray_due
        call advance
        bcs name
        bra compute
endproc

; The next or the last of the views: layers, and four heads of each.
; in: A = PAD_L or PAD_R    kills: A, X, xray_view
proc change_view, 16, 16
        ldx xray_view
        bit #PAD_L
        bne left
        inx
        cpx #VIEWS
        bcc :+
        ldx #0
        bra :+
left:   dex
        bpl :+
        ldx #VIEWS - 1
:       stx xray_view
        jmp .loword(find_view)
endproc

; in: xray_view    out: xray_layer, xray_head    kills: A
proc find_view, 16, 16
        stz xray_layer
        lda xray_view
:       cmp #HEAD_GROUPS
        bcc :+
        sbc #HEAD_GROUPS
        inc xray_layer
        bra :-
:       asl a
        asl a
        sta xray_head
        rts
endproc

; What never changes.
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
        at AFTER_ROW, LABEL_COLUMN
        say INK_GREY, after
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        jmp .loword(draw_hints)
stream: .asciiz "stream"
hidden_label: .asciiz "hidden"
of:     .asciiz " of"
zero:   .asciiz " zero"
before: .asciiz "next letter   T "
one:    .asciiz "1.0"
after:  .asciiz "as drawn      T"
hints:  .asciiz "A step  hold A run  B new name"
        .if ::VIEWS > 1
hints_below: .asciiz "<> T ^v seed  L R look  SELECT"
        .else
hints_below: .asciiz "<> T  ^v seed  SELECT next"
        .endif
endproc

; The token just computed: what takes time first and unseen, then, right after a vertical blank, all of it at once.
; kills: A, X, Y and scratch
proc show_token, 16, 16
        call note_letters
        call shade_stream
        call put_cells
        call choose_bars
        call weigh_at_one
        call percent_of_picked
        pha
        set w_ptr, INK_GREY
        set y_ptr, BEFORE_FOOT
        call put_bars
        call weigh_at_t
        call percent_of_picked
        pha
        set w_ptr, INK_SKY
        set y_ptr, AFTER_FOOT
        call put_bars
        call put_bar_letters
        lda frames
:       cmp frames
        beq :-
        at AFTER_ROW, PICKED_COLUMN
        pla
        call draw_picked
        at BEFORE_ROW, PICKED_COLUMN
        pla
        call draw_picked
        call draw_heads
        call draw_letters
        call draw_draw
        ldx #2 * SCREEN_STRIPS - 2
        lda #1
:       sta strips_dirty, x
        dex
        dex
        bpl :-
        rts
endproc

; Remember the token and its successor; sound it the first time it is shown.
; kills: A, X, Y
proc note_letters, 16, 16
        lda position
        asl a
        tax
        lda token
        sta f:xray_letters, x
        lda next_token
        sta f:xray_letters + 2, x
        lda xray_pending
        beq done
        stz xray_pending
        lda next_token
        cmp #TOKEN_BOS
        beq done
        jmp .loword(play_letter)
done:   rts
endproc

; A letter and its percentage.
; in: A = percent, cursor    kills: A, X, Y
proc draw_picked, 16, 16
        pha
        set ink, INK_GOLD
        lda next_token
        call token_tile
        call put_character
        pla
        ldy #4
        call put_decimal
        lda #'%'
        jmp .loword(put_character)
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
        jmp .loword(put_tenths)
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

; The random number, as a fraction of one, and what it picks.
; kills: A, X, Y, mul_a, mul_b, product
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
        call token_tile
        jmp .loword(put_character)
random_label: .asciiz "random "
greedy_label: .asciiz "greedy      "
picks_label: .asciiz " picks "
endproc
