        set n_bytes, 2 * {{ call.inputs }}
        set x_ptr, {{ call.source }}
        set_far y_ptr, {{ call.out }}
{% if call.cached %}
        lda y_ptr
        clc
        adc position_bytes
        sta y_ptr
{% endif %}
{% for part in call.parts %}
        set_far w_ptr, {{ part.label }}
        set rows, {{ part.rows }}
        call matvec
{% endfor %}
{% if call.cached %}
        trace_row {{ call.trace }}, {{ call.out }}, {{ call.bank }}
{% else %}
        trace {{ call.trace }}, {{ call.out }}, 2 * {{ call.outputs }}
{% endif %}
