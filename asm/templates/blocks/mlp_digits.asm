        jsl clear_sums
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
        jsl {{ call.entry }}
        pea 0
        pld
        trace {{ call.trace }}, hidden, 2 * N_HIDDEN
        jsl {{ call.second_entry }}
        probe {{ call.layer }}, hidden
        trace {{ call.trace_after }}, residual, KV_ROW
