        pea {{ call.routine.slots.label }}
        pld
        call_far {{ call.entry }}
        pea 0
        pld
