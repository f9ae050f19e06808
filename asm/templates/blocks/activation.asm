        set n_bytes, 2 * {{ call.size }}
        set x_ptr, {{ call.vector }}
        call {{ call.kind }}
        trace {{ call.trace }}, {{ call.vector }}, 2 * {{ call.size }}
        probe {{ call.layer }}, {{ call.vector }}
