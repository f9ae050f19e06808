; Between the last layer and the logits: the residual stream, cut, in slots. Unrolled over the width.
; It runs with data bank $7E: see gpt.asm.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

HALF_WORD = $8000

; slots = bias ± the residual stream cut to ±HEAD_CLAMP and halved HEAD_SHIFT times; bias is HEAD_CLAMP halved too.
; kills: A
; twin: quantize.kernels.digit_rows.cut
        .segment "clamp_residual"
far_proc clamp_residual, 16, 16
        .repeat ::N_EMBD, I
        lda a:residual + 2 * I
        clc
        adc #HEAD_CLAMP
        cmp #2 * HEAD_CLAMP + 1
        bcc :+
        cmp #HALF_WORD          ; below −HEAD_CLAMP the sum is negative
        lda #0
        bcs :+
        lda #2 * HEAD_CLAMP
:
        .repeat ::HEAD_SHIFT
        lsr a
        .endrepeat
        .if ::HEAD_SHIFT
        adc #0                  ; the half shifted out last
        .endif
        sta a:slots + 2 * I
        lda #2 * (HEAD_CLAMP >> HEAD_SHIFT)
        sec
        sbc a:slots + 2 * I
        sta a:slots + 2 * N_EMBD + 2 * I
        .endrepeat
        rtl
endproc
