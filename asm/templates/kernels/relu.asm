; The activation of the schoolbook kernel.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; x = max(x, 0).
; in: x_ptr, n_bytes    kills: A, Y
; twin: quantize.kernels.activation.relu
proc relu, 16, 16
        ldy #0
:       lda (x_ptr), y
        bpl :+
        lda #0
        sta (x_ptr), y
:       iny
        iny
        cpy n_bytes
        bne :--
        rts
endproc
