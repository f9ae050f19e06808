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
        call_far {{ call.entry }}
        pea ZERO_PAGE
        pld
        trace {{ call.trace }}, hidden, 2 * N_HIDDEN
        call_far {{ call.routine.second_entry }}
        probe {{ call.routine.layer }}, hidden
        trace {{ call.routine.trace_after }}, residual, KV_ROW
