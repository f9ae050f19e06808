        call_far {{ call.entry }}
{% include "blocks/hidden_units.asm" %}
