        pea {{ call.page }}
        pld
        call_far {{ call.entry }}
        pea 0
        pld
