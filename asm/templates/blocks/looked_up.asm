        pea {{ call.routine.slots }}
        pld
        call_far {{ call.entry }}
        pea ZERO_PAGE
        pld
{% include "blocks/hidden_units.asm" %}
