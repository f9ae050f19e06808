        jsl {{ call.entry }}
        trace {{ call.trace }}, attended, KV_ROW
