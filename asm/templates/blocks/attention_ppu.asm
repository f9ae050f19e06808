        call_far {{ call.entry }}
        trace {{ call.trace }}, attended, KV_ROW
