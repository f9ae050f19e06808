        call_far clear_sums
        .if ::TRACE
        call clear_hidden
        .else
        lda probing             ; the zeros matter only to who looks
        beq :+
        call clear_hidden
:       .endif
        pea slots
        pld
        clc
        call_far {{ block.entry }}
        pea 0
        pld
        trace {{ block.trace }}, hidden, 2 * N_HIDDEN
        call_far {{ block.second_entry }}
        probe {{ block.layer }}, hidden
        trace {{ block.trace_after }}, residual, KV_ROW
