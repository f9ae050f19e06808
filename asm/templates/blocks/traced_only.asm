        trace {{ call.trace }}, {{ call.routine.kernel.add.block.out }}, KV_ROW
