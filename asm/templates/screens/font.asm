; The font, and the text of the about screen.

        .include "contract.inc"

        .export font_tiles
        .segment "FONT"
font_tiles:
        .incbin "font.2bpp"

; the rows of the about screen
        .segment "ABOUT"
        .export about_text
about_text:
{% for line in about.lines %}
        .byte "{{ line }}"
{% endfor %}
