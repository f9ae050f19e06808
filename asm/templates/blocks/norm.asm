        set n_bytes, KV_ROW
        set x_ptr, {{ block.source }}
        set_far y_ptr, {{ block.out }}
        call rmsnorm
        trace {{ block.trace }}, {{ block.out }}, KV_ROW
