; A library of snes-gpt as an object for ld65: its banks, each in a segment of its own.
{% for bank in facts.banks %}

        .import __GPT_BANK{{ bank.number }}_FILEOFFS__
        .assert __GPT_BANK{{ bank.number }}_FILEOFFS__ = ${{ '%X' % bank.offset }}, lderror, "gpt: its first bank must be bank {{ facts.first_bank }} of the ROM"
        .segment "GPT_BANK{{ bank.number }}"
        .incbin "gpt.bin", ${{ '%X' % bank.begin }}, ${{ '%X' % bank.size }}
{% endfor %}
