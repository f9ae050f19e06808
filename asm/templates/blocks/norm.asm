        set n_bytes, KV_ROW
        set x_ptr, {{ call.block.source }}
        set_far y_ptr, {{ call.block.out }}
        call rmsnorm
        trace {{ call.trace }}, {{ call.block.out }}, KV_ROW
