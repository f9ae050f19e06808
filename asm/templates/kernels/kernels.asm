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
{% if part.called %}
far_entry {{ part.label }}, 16, 16
{% else %}
        .export {{ part.label }}
{{ part.label }}:
{% endif %}
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
