; The profile build's clock: the position of the beam at every `mark`, for `snesgpt bench`. Nothing unless PROFILE.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

        .if ::PROFILE

; beam into: latch the beam; low bytes of its h and v to the first word there, their ninth bits to the second.
.macro beam into
        a8
        lda STAT78              ; both counters give their low byte first
        lda SLHV
        a16
        lda OPHCT
        sta f:into, x
        lda OPHCT
        sta f:into + 2, x
.endmacro

        .export take_mark

; `mark` calls this from any bank, with any register widths, direct page and data bank: all of them are restored.
; The byte behind the call is the stage that begins. An entry of the ring: stage, h and v, their ninth bits, frames.
; An interrupt between looking at the beam and counting frames would spoil the pair: then both are taken again.
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
        lda f:mark_next
        tax
        pla
        sta f:mark_ring, x
again:  lda a:frames
        sta f:mark_ring + 6, x
        beam mark_ring + 2
        lda a:frames
        cmp f:mark_ring + 6, x
        bne again
        txa
        clc
        adc #MARK_BYTES
        cmp #MARK_BYTES * MARKS
        bcc :+
        lda #0
:       sta f:mark_next
        plb
        plx
        pla
        plp
        rtl

; The end of a vertical blank: the beam into the slot of this frame.
; kills: A, X    about 60 cycles after the beam is latched
proc mark_blank, 16, 16
        lda frames
        and #BLANK_MARKS - 1
        asl a
        asl a
        tax
        beam blank_marks
        rts
endproc
        .endif
