        lda {{ call.routine.row }}
        row_pointer w_ptr, wte_rows
        copy_row residual, ::KV_ROW
        trace {{ call.trace }}, residual, KV_ROW
