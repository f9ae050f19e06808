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
        jsl {{ block.entry }}
        pea 0
        pld
        trace {{ block.trace }}, hidden, 2 * N_HIDDEN
        jsl {{ block.second_entry }}
        probe {{ block.layer }}, hidden
        trace {{ block.trace_after }}, residual, KV_ROW
