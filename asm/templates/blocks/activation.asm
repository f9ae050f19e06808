        set n_bytes, 2 * N_HIDDEN
        set x_ptr, {{ call.block.out }}
        call {{ call.entry }}
        trace {{ call.trace }}, {{ call.block.out }}, 2 * N_HIDDEN
        probe {{ call.block.layer }}, {{ call.block.out }}
