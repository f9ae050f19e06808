; The x-ray screen: one token at a time, and every value of it as the model has just computed it (xray_cells,
; xray_bars, xray_texts).

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "xray.inc"

        .segment "CODE"

HOLD_AFTER   = 20               ; frames until A, still held, makes another token
HOLD_EVERY   = 10

BEFORE_FOOT  = (BEFORE_ROW + BAR_PARTS) * ROW_BYTES + 2 * BARS_COLUMN   ; offsets in the tile map
AFTER_FOOT   = (AFTER_ROW + BAR_PARTS) * ROW_BYTES + 2 * BARS_COLUMN
.if MEMORY_ROW > 0
MEMORY_FOOT  = (MEMORY_BARS + BAR_PARTS) * ROW_BYTES + 2 * BARS_COLUMN
.endif

        .export xray_windows
xray_windows:
        windows_of INSIDE
        .if ::MEMORY_ROW
        window 0, 0, 28, 32     ; three pictures of bars: no row is left
        .else
        window 0, 0, 4, 32
        window 3, 0, 21, 32
        .endif
        window 3, 0, 1, 32
        windows_end

; A token, shown; then wait for A. A press is heard while one is computed, and it is computed anew.
proc xray_page, 16, 16
        call draw_xray_labels
        call draw_legend
        lda frames
        sta xray_due
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
        lda demo_left
        bne :+                  ; a demonstration runs as if A were held
        lda pad_held
        bit #PAD_A
        beq rest
:       lda frames
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
        bcc :+
        jmp .loword(name)
:       jmp .loword(compute)
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
        tail_call find_view
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

; The token just computed: what takes time first and unseen, then, right after a vertical blank, all of it at once.
; kills: A, X, Y and scratch
proc show_token, 16, 16
        call note_letters
        call shade_stream
        call put_cells
        call choose_bars
{% if memory %}
        .if ::MEMORY_ROW
        call model_alone
        .endif
{% endif %}
        call weigh_at_one
        call percent_of_picked
        pha
        set w_ptr, INK_GREY
        set y_ptr, BEFORE_FOOT
        call put_bars
{% if memory %}
        .if ::MEMORY_ROW
        call memory_alone
        call weigh_at_one
        call percent_of_picked
        pha
        set w_ptr, INK_PAPER
        set y_ptr, MEMORY_FOOT
        call put_bars
        call both_again
        .endif
{% endif %}
        call weigh_at_t
        call percent_of_picked
        pha
        set w_ptr, INK_SKY
        set y_ptr, AFTER_FOOT
        call put_bars
        lda frames
:       cmp frames
        beq :-
        at AFTER_ROW, PICKED_COLUMN
        pla
        call draw_picked
        .if ::MEMORY_ROW
        at MEMORY_BARS, PICKED_COLUMN
        pla
        call draw_picked
        .endif
        at BEFORE_ROW, PICKED_COLUMN
        pla
        call draw_picked
        call draw_heads
        call draw_letters
        call draw_bar_labels
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
        tail_call play_letter
done:   rts
endproc
