; What the memory says, added to the logits.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
{% for code in routines %}

        .segment "{{ code.entry }}"

; {{ code.comment }}
; in: context_at    out: logits    kills: A, X
; twin: RecalledLogits
far_entry {{ code.entry }}, 16, 16
        phb
        ldx context_at
        pei (context_at + 1)
        plb
        plb                     ; the upper byte: the record's bank
{% for logit in code.logits %}
        .if {{ logit }} = 0 || .hibyte(logits + 2 * {{ logit }}) <> .hibyte(logits + 2 * {{ logit }} - 2)
        pea $FF00 & (logits + 2 * {{ logit }})
        pld
        .endif
        lda a:2 * {{ logit }}, x
        clc
        adc z:.lobyte(logits + 2 * {{ logit }})
        sta z:.lobyte(logits + 2 * {{ logit }})
{% endfor %}
        pea ZERO_PAGE
        pld
        plb
        rtl
{% endfor %}
