        phb
        ldx context_at
        pei (context_at + 1)
        plb
        plb                     ; the upper byte: the record's bank
        pea {{ call.routine.slots.label }}
        pld
        call_far {{ call.entry }}
        pea ZERO_PAGE
        pld
        plb
        trace {{ call.trace }}, logits, 2 * N_VOCAB
