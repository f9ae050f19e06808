        pea {{ call.routine.slots }}
        pld
        call_far {{ call.entry }}
        pea 0
        pld
{% include "blocks/hidden_units.asm" %}
