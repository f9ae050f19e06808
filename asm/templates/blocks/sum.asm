        call_far {{ block.entry }}
        trace {{ block.trace }}, residual, KV_ROW
