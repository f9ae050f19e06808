        set n_bytes, KV_ROW
        lda token
        ldx #.loword(w_ptr)
        ldy #.loword(wte_rows)
        call row_pointer
        lda position
        ldx #.loword(y_ptr)
        ldy #.loword(wpe_rows)
        call row_pointer
        set x_ptr, {{ block.out }}
        call add_rows
        trace {{ block.trace }}, {{ block.out }}, KV_ROW
