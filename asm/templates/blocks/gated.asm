        call_far {{ call.entry }}
        .if ::TRACE = 0
        lda probing             ; the units themselves matter only to who looks
{% if call.routine.copies_are_long %}
        bne :+
        jmp {{ call.stage }}_unseen
:
{% else %}
        beq {{ call.stage }}_unseen
{% endif %}
        .endif
{% for part in call.routine.hidden_parts %}
        ldx #{{ part.last }}
:       lda a:{{ part.slots }}, x
        sec
        sbc #{{ call.routine.code.bias }}
        sta a:hidden + {{ part.offset }}, x
        dex
        dex
        bpl :-
{% endfor %}
{{ call.stage }}_unseen:
        trace {{ call.trace }}, hidden, 2 * N_HIDDEN
        probe {{ call.block.layer }}, hidden
