        set n_bytes, 2 * {{ block.size }}
        set x_ptr, {{ block.buffer }}
        call {{ block.kind }}
        trace {{ block.trace }}, {{ block.buffer }}, 2 * {{ block.size }}
        probe {{ block.layer }}, {{ block.buffer }}
