        call_far {{ block.entry }}
        .if ::TRACE
        call trace_slots
        .endif
        trace {{ block.trace }}, normed, KV_ROW
