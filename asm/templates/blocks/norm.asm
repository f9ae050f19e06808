        set n_bytes, KV_ROW
        set x_ptr, {{ call.source }}
        set_far y_ptr, {{ call.out }}
        call rmsnorm
        trace {{ call.trace }}, {{ call.out }}, KV_ROW
