        call_far {{ call.entry }}
        .if ::TRACE
        call trace_slots
        .endif
        trace {{ call.trace }}, normed, KV_ROW
