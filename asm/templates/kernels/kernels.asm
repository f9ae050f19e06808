; The weights as a program: one row, or one column, after the other. See asm/kernels/digit_rows.py for why no carry
; is ever left over.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
        .a16
        .i16
{% for part in code %}

; {{ part.comment }}
        .segment "{{ part.segment }}"
        .export {{ part.label }}
{{ part.label }}:
{% for unit in part.units %}
        ; {{ unit.comment }}
{% for instruction in unit.code %}
        {{ instruction.text }}
{% endfor %}
{% if unit.label %}
:
        .export {{ unit.label }}
{{ unit.label }}:
{% endif %}
{% endfor %}
        {{ part.end }}
{% endfor %}
