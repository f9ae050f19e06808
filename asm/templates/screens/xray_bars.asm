; The x-ray screen's bars: how likely each letter is, before and after temperature.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "xray.inc"

        .segment "CODE"

BAR_PIXELS   = 8 * BAR_PARTS
T_ONE        = 2 * 10           ; temperature 1.0 in the tables by tenths
HALF_INDEX   = 1 << 10          ; half a step of the exp table: see set_temperature
BAR          = {{ xray.bar }}
BASE         = {{ xray.base }}

; Which tokens have bars: all, or those with the largest logits, in the order of their numbers.
; in: logits, candidates    out: bar_tokens    kills: A, X, Y, count, distribution
; twin: quantize.twins.xray.bar_tokens
proc choose_bars, 16, 16
        .if ::N_VOCAB > ::BARS
        ldx #2 * N_VOCAB - 2
        lda #0
:       sta f:distribution, x   ; for now: 1 = has a bar
        dex
        dex
        bpl :-
        set count, BARS
:       call mark_largest
        dec count
        bne :-
        ldy #0
        ldx #0
next:   lda f:distribution, x
        beq :+
        phx
        txa
        tyx
        sta f:bar_tokens, x
        plx
        iny
        iny
:       inx
        inx
        cpx #2 * N_VOCAB
        bne next
        .else
        ldx #2 * N_VOCAB - 2
:       txa
        sta f:bar_tokens, x
        dex
        dex
        bpl :-
        .endif
        rts
endproc

        .if ::N_VOCAB > ::BARS
; A bar for the largest logit that has none yet, the first of equals.
; in: logits, candidates, distribution    kills: A, X, Y, column
proc mark_largest, 16, 16
        stz column
        ldx candidates
        dex
        dex
next:   lda f:distribution, x
        bne :+
        lda logits, x
        eor #$8000              ; unsigned comparison
        cmp column
        bcc :+
        sta column
        txy
:       dex
        dex
        bpl next
        tyx
        lda #1
        sta f:distribution, x
        rts
endproc
        .endif

; The distribution before temperature: exp(logit − the largest) of every candidate, else 0.
; in: logits, candidates    out: distribution    kills: A, X, Y, column, mul_a, mul_b, product
; twin: quantize.sampler.sampling_weights
proc weigh_at_one, 16, 16
        call largest_logit
        ldx #2 * N_VOCAB - 2
next:   cpx candidates
        bcs none
        lda column
        sec
        sbc logits, x
        cmp .loword(cutoff_table) + T_ONE
        bcs none
        sta mul_a
        lda .loword(inverse_t_table) + T_ONE
        sta mul_b
        phx
        call mul_u16
        plx
        lda product
        clc
        adc #HALF_INDEX
        sta product
        bcc :+
        inc product + 2
:       lda product + 1
        lsr a
        lsr a
        and #$FFFE
        tay
        lda .loword(exp_table), y
        bra put
none:   lda #0
put:    sta f:distribution, x
        dex
        dex
        bpl next
        rts
endproc

{% if memory %}
        .if ::MEMORY_ROW
; What the model alone says is kept.
; in: logits, context_at    out: logits, likely_weights    kills: A, X, Y, w_ptr
; twin: quantize.twins.xray._before
proc model_alone, 16, 16
        call find_row
:       tyx
        lda logits, y
        sec
        sbc [w_ptr], y
        sta logits, y
        sta f:likely_weights, x
        dey
        dey
        bpl :-
        rts
endproc

; in: context_at    out: logits    kills: A, Y, w_ptr
; twin: quantize.twins.xray._before
proc memory_alone, 16, 16
        call find_row
:       lda [w_ptr], y
        sta logits, y
        dey
        dey
        bpl :-
        rts
endproc

; in: likely_weights, context_at    out: logits    kills: A, X, Y, w_ptr
; twin: the logits of quantize.executor.Executor.step
proc both_again, 16, 16
        call find_row
:       tyx
        lda f:likely_weights, x
        clc
        adc [w_ptr], y
        sta logits, y
        dey
        dey
        bpl :-
        rts
endproc

; in: context_at    out: w_ptr = its row, Y = the last word's offset    kills: A
proc find_row, 16, 16
        lda context_at
        sta w_ptr
        lda context_at + 2
        sta w_ptr + 2
        ldy #2 * N_VOCAB - 2
        rts
endproc
        .endif
{% endif %}

; The distribution drawn from: at T = 0 all of it is the letter picked.
; in: sample_weights, candidates, inverse_t, next_token    out: distribution    kills: A, X
proc weigh_at_t, 16, 16
        ldx #2 * N_VOCAB - 2
next:   lda inverse_t
        beq none
        cpx candidates
        bcs none
        lda sample_weights, x
        bra put
none:   lda #0
put:    sta f:distribution, x
        dex
        dex
        bpl next
        lda inverse_t
        bne :+
        lda next_token
        asl a
        tax
        lda #$FFFF
        sta f:distribution, x
:       rts
endproc

; A = what the letter picked weighs, of all, in percent, rounded. A quotient below 101: by subtraction.
; in: distribution, next_token    out: A    kills: X, Y, acc, mul_a, mul_b, product
; twin: quantize.twins.xray.percent
proc percent_of_picked, 16, 16
        stz acc
        stz acc + 2
        ldx #2 * N_VOCAB - 2
:       lda f:distribution, x
        clc
        adc acc
        sta acc
        bcc :+
        inc acc + 2
:       dex
        dex
        bpl :--
        lda next_token
        asl a
        tax
        lda f:distribution, x
        sta mul_a
        set mul_b, 100
        call mul_u16
        lda acc + 2             ; half the divisor: the quotient rounds
        lsr a
        tay
        lda acc
        ror a
        clc
        adc product
        sta product
        tya
        adc product + 2
        sta product + 2
        ldx #0
:       lda product
        sec
        sbc acc
        tay
        lda product + 2
        sbc acc + 2
        bcc :+
        sta product + 2
        sty product
        inx
        bra :-
:       txa
        rts
endproc

; The bars of the distribution, the letter picked in gold; they show when their strips are touched.
; in: y_ptr = offset of the first bar's lowest tile in the tile map, w_ptr = ink
; kills: A, X, Y, column, count, number, field, rows, mul_a, mul_b, product, y_ptr
; twin: quantize.twins.xray.heights
proc put_bars, 16, 16
        stz column
next:   ldx column
        lda f:bar_tokens, x
        sta count
        tax
        lda f:distribution, x
        sta mul_a
        set mul_b, BAR_PIXELS
        call mul_u16
        lda product
        asl a
        lda product + 2
        adc #0                  ; rounded
        sta number
        lda next_token
        asl a
        cmp count
        bne :+
        set field, INK_GOLD
        bra :++
:       lda w_ptr
        sta field
:       call put_bar
        lda y_ptr
        clc
        adc #2 * BAR_PITCH
        sta y_ptr
        inc column
        inc column
        lda column
        cmp #2 * BARS
        bne next
        rts
endproc

; One of them, from its foot.
; in: number = pixels, field = ink, y_ptr    kills: A, X, Y, number, rows
proc put_bar, 16, 16
        ldx y_ptr
        lda number
        bne :+
        lda #BASE
        bra :++
:       call bar_part
:       ldy #BAR_PARTS
next:
        .repeat ::LABEL_TILES, I
        sta f:screen + 2 * I, x
        .endrepeat
        txa
        sec
        sbc #ROW_BYTES
        tax
        dey
        beq done
        call bar_part
        bra next
done:   rts
endproc

; The tile of what is left of a bar, or a blank.
; in: number = pixels left, field = ink    out: A, number    kills: rows
proc bar_part, 16, 16
        lda number
        beq empty
        cmp #8
        bcc :+
        lda #8
:       sta rows
        lda number
        sec
        sbc rows
        sta number
        lda rows
        clc
        adc #BAR - 1
        ora field
        rts
empty:  lda #' '
        rts
endproc
