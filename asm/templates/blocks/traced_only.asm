        trace {{ block.trace }}, {{ block.out }}, KV_ROW
