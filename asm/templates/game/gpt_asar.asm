; A library of snes-gpt for asar 1.9 or newer: {{ facts.title }}. README.txt says what each call does.
; With `{% if target.apart %}sa1rom{% else %}lorom{% endif %}` before it, gpt.bin is put where it belongs.

{% for entry in facts.entries %}
!{{ entry.call.name }} = ${{ '%06X' % entry.address }}
{% endfor %}

{% for constant in facts.constants %}
!{{ constant.name }} = ${{ '%06X' % constant.value }} ; {{ constant.meaning }}
{% endfor %}

; The begin of an interrupt handler that may interrupt the library: registers saved, 16 bits wide, direct page and data
; bank 0{% if facts.guards %}; and background 1 may be scrolled{% endif %}.
macro gpt_handler_begin()
        rep #$30
        pha
        phx
        phy
        phd
        phb
{% if facts.guards %}
        jsl !gpt_guard
{% endif %}
        lda #$0000
        tcd
        pha
        plb
        plb
endmacro

; Its end.
macro gpt_handler_end()
        rep #$30
        plb
        pld
        ply
        plx
        pla
        rti
endmacro

pushpc
{% for bank in facts.banks %}
org ${{ '%06X' % bank.address }}
        incbin "gpt.bin":${{ '%X' % bank.begin }}..${{ '%X' % bank.end }}
{% endfor %}
pullpc
