        pea slots
        pld
        call_far {{ call.entry }}
        pea ZERO_PAGE
        pld
