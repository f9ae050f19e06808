; The profile build's clock: the SA-1's own timer at every `mark`, for `snesgpt bench`. Nothing unless PROFILE.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

        .if ::PROFILE
        .export take_mark

; `mark` calls this from any bank, with any register widths, direct page and data bank: all of them are restored.
; The byte behind the call is the stage that begins. An entry of the ring: stage, the timer's two words, frames.
take_mark:
        php
        rep #$38
        .a16
        .i16
        pha
        phx
        phb
        a8
        lda 9, s
        pha
        plb                     ; the caller's bank
        a16
        lda 7, s
        inc a
        sta 7, s                ; come back behind the byte
        tax
        lda a:0, x
        pha
        phk
        plb
        ldx mark_next
        pla
        sta f:mark_ring, x
        lda HCR
        sta f:mark_ring + 2, x
        lda VCR
        sta f:mark_ring + 4, x
        lda frames_seen
        sta f:mark_ring + 6, x
        txa
        clc
        adc #MARK_BYTES
        cmp #MARK_BYTES * MARKS
        bcc :+
        lda #0
:       sta mark_next
        plb
        plx
        pla
        plp
        rtl
        .endif
