        pea {{ call.routine.slots }}
        pld
        call_far {{ call.entry }}
        pea 0
        pld
        .if ::TRACE = 0
        lda probing             ; the units themselves matter only to who looks
        beq {{ call.stage }}_unseen
        .endif
        ldx #2 * ({{ call.routine.units }} - 1)
:       lda a:hidden_slots, x
        sec
        sbc #{{ call.routine.hidden.bias }}
        sta a:hidden + 2 * {{ call.routine.first }}, x
        dex
        dex
        bpl :-
{{ call.stage }}_unseen:
        trace {{ call.trace }}, hidden + 2 * {{ call.routine.first }}, 2 * {{ call.routine.units }}
{% if call.routine.ends_layer %}
        probe {{ call.routine.kernel.lookup.block.layer }}, hidden
{% endif %}
