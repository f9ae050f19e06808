        .if ::TRACE = 0
        lda probing             ; the units themselves matter only to who looks
        beq {{ call.stage }}_unseen
        .endif
        ldx #2 * ({{ call.routine.part.count }} - 1)
:       lda a:hidden_slots, x
        sec
        sbc #{{ call.routine.part.bias }}
        sta a:hidden + 2 * {{ call.routine.part.first }}, x
        dex
        dex
        bpl :-
{{ call.stage }}_unseen:
        trace {{ call.trace }}, hidden + 2 * {{ call.routine.part.first }}, 2 * {{ call.routine.part.count }}
{% if call.routine.part.ends_layer %}
        probe {{ call.routine.part.layer }}, hidden
{% endif %}
