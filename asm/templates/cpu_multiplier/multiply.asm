; What the PPU's multiplier does, on the CPU's: two products of 8 unsigned bits, then the signs.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; whole = factor · times, signed 16 × 8 → 24 bits. Data bank $7E, any direct page.
; in: factor, times    out: whole    kills: X, kept_a
; twin: a * b
far_proc multiply_factor, 16, 8
        sta a:kept_a
        stz a:whole + 2
        a8
        lda a:times
        sta f:WRMPYA
        lda a:factor
        sta f:WRMPYB
        nop
        a16
        lda f:RDMPYL            ; low byte · times: 9 cycles after it was begun
        sta a:whole
        a8
        lda a:factor + 1
        sta f:WRMPYB
        nop
        a16
        lda f:RDMPYL            ; high byte · times
        clc
        adc a:whole + 1
        sta a:whole + 1
        ldx a:factor + 1
        bpl :+
        a8                      ; a negative factor is 2^16 too large as unsigned
        lda a:whole + 2
        sec
        sbc a:times
        sta a:whole + 2
        a16
:       ldx a:times
        bpl :+
        lda a:whole + 1         ; so is the other, 2^8
        sec
        sbc a:factor
        sta a:whole + 1
:       lda a:kept_a
        rtl
endproc
