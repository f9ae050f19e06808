        call_far {{ block.entry }}
        call residual_of_slots
        trace {{ block.trace }}, residual, KV_ROW
