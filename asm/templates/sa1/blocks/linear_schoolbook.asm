{% for part in call.parts %}
        set y_ptr, {{ call.routine.makes }} + 2 * {{ part.first_row }}
        set_far w_ptr, {{ part.label }}
        set rows, {{ part.rows }}
        call_far {{ call.entry }}
{% endfor %}
{% if call.block.cached %}
        phb
        lda position_bytes
        clc
        adc #.loword({{ call.routine.out }})
        tay
        ldx #.loword({{ call.routine.makes }})
        lda #KV_ROW - 1
        mvn #WORK_BANK, #^{{ call.routine.out }}
        plb
        trace_row {{ call.trace }}, {{ call.routine.out }}, ^{{ call.routine.out }}
{% else %}
        trace {{ call.trace }}, {{ call.routine.out }}, 2 * {{ call.routine.outputs }}
{% endif %}
