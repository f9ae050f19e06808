        set n_bytes, KV_ROW
        lda {{ call.routine.row }}
        row_pointer w_ptr, wte_rows
        lda position
        row_pointer y_ptr, wpe_rows
        set x_ptr, {{ call.block.out }}
        call add_rows
        trace {{ call.trace }}, {{ call.block.out }}, KV_ROW
