        lda front_base
        clc
        adc {{ call.routine.row }}
        row_pointer w_ptr, front_row_addresses
        copy_row residual, 3 * ::KV_ROW
        trace {{ call.trace }}, residual, KV_ROW
