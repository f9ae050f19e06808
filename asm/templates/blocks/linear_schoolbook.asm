        set n_bytes, 2 * {{ call.routine.inputs }}
        set x_ptr, {{ call.block.source }}
        set_far y_ptr, {{ call.routine.out }}
{% if call.block.cached %}
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
{% if call.block.cached %}
        trace_row {{ call.trace }}, {{ call.routine.out }}, ^{{ call.routine.out }}
{% else %}
        trace {{ call.trace }}, {{ call.routine.out }}, 2 * {{ call.routine.outputs }}
{% endif %}
