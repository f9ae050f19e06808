; The status of a story: a mark that moves while a token is computed, how far it is, how long one took.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

MARK_FRAMES = 8                 ; frames that a picture of the mark stays, a power of two
TIME_COLUMN = 20
MAX_TENTHS = 99

; The next picture of the mark, in the vertical blank.
; in: abandonable, thinking_at    kills: A, X
proc turn_mark, 16, 16
        lda abandonable
        beq done
        lda thinking_at
        beq done
        lda frames
        and #4 * MARK_FRAMES - 1
        .repeat 3
        lsr a
        .endrepeat
        .assert MARK_FRAMES = 8, error, "a frame's number becomes a picture's by three shifts"
        tax
        lda .loword(pictures), x
        and #$FF
        ora #INK_GOLD
        ldx thinking_at
        sta f:screen, x
        tail_call touch
done:   rts
pictures: .byte "|/-\"
endproc

; Which of the positions was just computed, of those given or of all there are, and what it took.
; in: position, given_tokens, token_frames    kills: A, X, Y, cursor, ink
proc draw_progress, 16, 16
        at STATUS_ROW, 3
        lda position
        inc a
        cmp given_tokens
        bcs telling
        say INK_GREY, reads
        lda given_tokens
        bra :+
telling:
        say INK_GREY, tells
        lda #N_CONTEXT
:       pha
        set ink, INK_PAPER
        lda position
        inc a
        ldy #4
        call put_decimal
        say INK_GREY, of
        set ink, INK_PAPER
        pla
        ldy #4
        call put_decimal
        tail_call draw_token_time
reads:  .asciiz "reads"
tells:  .asciiz "tells"
of:     .asciiz " of"
endproc

; Seconds the last token took, in tenths, 9.9 at most, at the right of the status line.
; in: token_frames    kills: A, X, Y, cursor, ink, mul_a, mul_b, product, dividend, divisor
proc draw_token_time, 16, 16
        set divisor, RATE_NTSC
        lda STAT78
        and #$10
        beq :+
        set divisor, RATE_PAL
:       lda token_frames
        sta mul_a
        set mul_b, 100
        call mul_u16
        lda divisor             ; half of it, to round
        lsr a
        clc
        adc product
        sta dividend
        lda product + 2
        adc #0
        sta dividend + 2
        call divide
        lda dividend
        cmp #MAX_TENTHS
        bcc :+
        lda #MAX_TENTHS
:       pha
        at STATUS_ROW, TIME_COLUMN
        set ink, INK_PAPER
        pla
        call put_tenths
        say INK_GREY, unit
        rts
unit:   .asciiz " s/token"
endproc
