        call_far {{ call.entry }}
        trace {{ call.trace }}, logits, 2 * N_VOCAB
