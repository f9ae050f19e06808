        call_far {{ call.entry }}
        call residual_of_slots
        trace {{ call.trace }}, residual, KV_ROW
