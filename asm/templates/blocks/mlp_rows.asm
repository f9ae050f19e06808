        pea slots
        pld
        call_far {{ block.entry }}
        pea hidden_slots
        pld
        call_far {{ block.second_entry }}
        pea 0
        pld
        trace {{ block.trace }}, hidden_slots, 2 * N_HIDDEN
        probe {{ block.layer }}, hidden_slots
        trace {{ block.trace_after }}, residual, KV_ROW
