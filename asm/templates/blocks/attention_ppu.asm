        call_far {{ block.entry }}
        trace {{ block.trace }}, attended, KV_ROW
