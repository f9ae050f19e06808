        set n_bytes, KV_ROW
        set x_ptr, {{ block.source }}
        set_far y_ptr, {{ block.out }}
        call add_vector
        trace {{ block.trace }}, {{ block.out }}, KV_ROW
