        pea {{ call.routine.slots.label }}
        pld
        call_far {{ call.entry }}
        pea ZERO_PAGE
        pld
