        pea slots
        pld
        call_far {{ call.entry }}
        pea hidden_slots
        pld
        call_far {{ call.routine.second_entry }}
        pea ZERO_PAGE
        pld
        trace {{ call.trace }}, hidden_slots, 2 * N_HIDDEN
        probe {{ call.routine.layer }}, hidden_slots
        trace {{ call.routine.trace_after }}, residual, KV_ROW
