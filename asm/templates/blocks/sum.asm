        call_far {{ call.entry }}
        trace {{ call.trace }}, residual, KV_ROW
