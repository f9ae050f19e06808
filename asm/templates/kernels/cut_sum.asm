; Sums that are cut as they join the residual stream.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

NEGATIVE = $8000
{% for cut in routines %}

; residual = residual + branch · 2^{{ cut.doublings }}, cut to the range of ±2^{{ cut.bits }}.
; data bank $7E    kills: A
; twin: quantize.kernels.residual.add_cut
        .segment "{{ cut.entry }}"
far_proc {{ cut.entry }}, 16, 16
        .repeat ::N_EMBD, I
        .scope
        lda a:branch + 2 * I
{% if cut.far %}
        clc
        adc #{{ cut.far }}
        cmp #2 * {{ cut.far }}
        lda a:branch + 2 * I
        bcs cut                 ; so far from zero that no residual brings it back
{% endif %}
        .repeat {{ cut.doublings }}
        asl a
        .endrepeat
        clc
        adc a:residual + 2 * I
        clc
        adc #{{ cut.limit }}
        cmp #2 * {{ cut.limit }} + 1
        bcc inside
cut:    cmp #NEGATIVE
        lda #0
        bcs inside
        lda #2 * {{ cut.limit }}
inside: sec
        sbc #{{ cut.limit }}
        sta a:residual + 2 * I
        .endscope
        .endrepeat
        rtl
endproc
{% endfor %}
