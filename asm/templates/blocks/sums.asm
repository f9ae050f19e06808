        pea slots
        pld
        call_far {{ call.entry }}
        pea 0
        pld
