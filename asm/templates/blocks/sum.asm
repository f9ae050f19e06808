        jsl {{ call.entry }}
        trace {{ call.trace }}, residual, KV_ROW
