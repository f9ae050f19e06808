        pea {{ block.page }}
        pld
        call_far {{ block.entry }}
        pea 0
        pld
{% if block.traced %}
        trace {{ block.trace }}, {{ block.out }}, 2 * {{ block.outputs }}
{% endif %}
