; A library of snes-gpt as an object for ld65: its banks, each in a segment of its own.
{% for bank in facts.banks %}

        .segment "GPT_BANK{{ bank.number }}"
        .incbin "gpt.bin", ${{ '%X' % bank.begin }}, ${{ '%X' % bank.size }}
{% endfor %}
