        call_far {{ block.entry }}
        .if ::TRACE = 0
        lda probing             ; the units themselves matter only to who looks
        beq {{ block.stage }}_unseen
        .endif
{% for part in block.hidden_parts %}
        ldx #{{ part.last }}
:       lda a:{{ part.slots }}, x
        sec
        sbc #{{ block.bias }}
        sta a:hidden + {{ part.offset }}, x
        dex
        dex
        bpl :-
{% endfor %}
{{ block.stage }}_unseen:
        trace {{ block.trace }}, hidden, 2 * N_HIDDEN
        probe {{ block.layer }}, hidden
