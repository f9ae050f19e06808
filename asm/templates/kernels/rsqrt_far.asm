; The table norms are in banks of their own.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; rsqrt from another bank; four pairs of bits at once where they are clear.
far_proc rsqrt_far, 16, 16
        lda acc + 2
        cmp #$0040
        bcc :+
        call rsqrt
        rtl
:       lda acc + 1
        sta acc + 2
        lda acc
        xba
        and #$FF00
        sta acc
        call rsqrt
        lda norm_shift
        sec
        sbc #4
        sta norm_shift
        rtl
endproc
