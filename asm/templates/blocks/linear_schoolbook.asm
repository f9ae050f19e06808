        set n_bytes, 2 * {{ block.inputs }}
        set x_ptr, {{ block.source }}
        set_far y_ptr, {{ block.out }}
{% if block.cached %}
        lda y_ptr
        clc
        adc position_bytes
        sta y_ptr
{% endif %}
{% for part in block.parts %}
        set_far w_ptr, {{ part.label }}
        set rows, {{ part.rows }}
        call matvec
{% endfor %}
{% if block.cached %}
        trace_row {{ block.trace }}, {{ block.out }}, {{ block.bank }}
{% else %}
        trace {{ block.trace }}, {{ block.out }}, 2 * {{ block.outputs }}
{% endif %}
