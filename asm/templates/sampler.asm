; From logits to the next token: temperature, weights, top-p, a random draw.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

        .if ::DRAWS
; inverse_t and cutoff for temperature, and the weight of every distance below the largest logit.
; in: temperature    out: inverse_t, cutoff, distance_weights    kills: A, X, Y, acc
; twin: quantize.sampler.distance_weights
proc set_temperature, 16, 16
        lda temperature
        asl a
        tax
        lda .loword(inverse_t_table), x
        sta inverse_t
        lda .loword(cutoff_table), x
        sta cutoff
        beq done                ; greedy
        set acc, 1 << 10        ; distance · 1/T, Q16.16, and half a step of the exp table
        stz acc + 2
        ldx #0
next:   lda acc + 1
        lsr a
        lsr a
        and #$FFFE
        tay
        lda .loword(exp_table), y
        sta f:distance_weights, x
        lda acc
        clc
        adc inverse_t
        sta acc
        bcc :+
        inc acc + 2
:       inx
        inx
        txa
        lsr a
        cmp cutoff
        bcc next
done:   rts
endproc
        .endif

        .if ::COMPUTES
; sample_weights[i] = exp((logits[i] − max) / T), acc = their sum.
; in: logits, candidates, cutoff, distance_weights    out: sample_weights Q0.16, acc    kills: A, X, Y, column
; twin: quantize.sampler.sampling_weights
proc sampling_weights, 16, 16
        call largest_logit
        stz acc
        stz acc + 2
        ldy candidates
next:   dey
        dey
        bmi done
        lda column
        sec
        sbc logits, y           ; max − logit
        cmp cutoff
        bcs far
        asl a
        tax
        lda f:distance_weights, x
        sta sample_weights, y
        clc
        adc acc
        sta acc
        bcc next
        inc acc + 2
        bra next
far:    lda #0
        sta sample_weights, y
        bra next
done:   rts
endproc

        .endif

; column = the largest candidate logit, X = its first offset.
; in: logits, candidates    out: column, X    kills: A, Y
; twin: logits.argmax()
proc largest_logit, 16, 16
        stz column
        ldy candidates
        dey
        dey
:       lda logits, y           ; from the last to the first, so that the first of equals wins
        eor #$8000              ; unsigned comparison
        cmp column
        bcc smaller
        sta column
        tyx
smaller:
        dey
        dey
        bpl :-
        lda column
        eor #$8000
        sta column
        rts
endproc

        .if ::COMPUTES
; next_token drawn from the logits, or the first largest at T = 0. One random draw either way.
; in: logits, candidates, inverse_t, top_share, random_x, random_y    out: next_token
; kills: A, X, Y, mul_a, mul_b, dividend
; twin: quantize.sampler.choose
proc choose_token, 16, 16
        call random
        lda inverse_t
        bne draw
        call largest_logit
        txa
        lsr a
        sta next_token
        rts
draw:   call sampling_weights
        lda top_share
        beq :+
        call nucleus
:       lda random_y
        call share_of_sum
        ldx #0
walk:   lda sample_weights, x
        beq skip
        lda dividend            ; below the running sum: this one
        sec
        sbc sample_weights, x
        sta dividend
        bcs skip
        dec dividend + 2
        bmi found
skip:   inx
        inx
        bra walk
found:  txa
        lsr a
        sta next_token
        rts
endproc

; dividend = A · acc / 2^16, of a sum below 2^31.
; in: A Q0.16, acc    out: dividend    kills: A, X, mul_a, mul_b, product, mul_mid
; twin: share * total >> 16
proc share_of_sum, 16, 16
        sta mul_b
        lda acc
        sta mul_a
        call mul_u16
        lda product + 2
        sta dividend
        lda acc + 2
        sta mul_a
        call mul_u16
        lda product
        clc
        adc dividend
        sta dividend
        lda product + 2
        adc #0
        sta dividend + 2
        rts
endproc

; Top-p: the fewest largest weights that sum to more than top_share of all, and the equals of their least, are kept;
; the others become 0.
; in: sample_weights, candidates, acc = their sum, top_share > 0    out: sample_weights, acc = the sum of those kept
; kills: A, X, Y, mul_a, mul_b, product, dividend, column, count, likely_weights
; twin: quantize.sampler.nucleus
proc nucleus, 16, 16
        lda top_share
        call share_of_sum
        call least_kept
        sta column
        stz acc
        stz acc + 2
        ldy candidates
next:   dey
        dey
        bmi done
        lda sample_weights, y
        beq next
        cmp column
        bcc drop
        clc
        adc acc
        sta acc
        bcc next
        inc acc + 2
        bra next
drop:   lda #0
        sta sample_weights, y
        bra next
done:   rts
endproc

; A = the largest weight such that it and all above it sum to more than a given sum. Every weight is an entry of the
; exp table, which falls: the entry is found by halving.
; in: sample_weights, candidates, dividend < their sum    out: A
; kills: X, Y, mul_a, mul_b, product, dividend, column, count, likely_weights
; twin: `least` of quantize.sampler.nucleus
proc least_kept, 16, 16
        lda dividend
        sta product
        lda dividend + 2
        sta product + 2
        ldx #0
        ldy candidates
gather: dey
        dey
        bmi gathered
        lda sample_weights, y
        beq gather
        sta f:likely_weights, x
        inx
        inx
        bra gather
gathered:
        stx mul_b
        stz column              ; the entry is this one or one of the next 2 · count − 1
        set count, EXP_ENTRIES / 2
halve:  lda column
        clc
        adc count
        asl a
        tax
        lda .loword(exp_table) - 2, x
        sta mul_a
        lda product
        sta dividend
        lda product + 2
        sta dividend + 2
        ldx mul_b
next:   dex
        dex
        bmi short
        lda f:likely_weights, x
        cmp mul_a
        bcc next
        lda dividend
        sbc f:likely_weights, x ; carry is set by the comparison
        sta dividend
        bcs next
        dec dividend + 2
        bpl next
        bra enough
short:  lda column
        clc
        adc count
        sta column
enough: lsr count
        bcc halve
        lda column
        asl a
        tax
        lda .loword(exp_table), x
        rts
endproc

        .endif

        .if ::DRAWS
; top_share for a top-p.
; in: A = percent, 0 to 99    out: top_share    kills: A, X, dividend, divisor
; twin: quantize.sampler.top_share
proc set_top_p, 16, 16
        sta top_share
        cmp #0
        beq done                ; off
        dec a
        sta dividend + 2        ; one less than percent · 2^16
        set dividend, $FFFF
        set divisor, 100
        call divide
        lda dividend
        sta top_share
done:   rts
endproc
        .endif
        .assert .bankbyte(exp_table) = PROGRAM_BANK, lderror, "exp_table is read through the data bank"
