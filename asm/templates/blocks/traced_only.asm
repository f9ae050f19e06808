        trace {{ call.trace }}, {{ call.out }}, KV_ROW
