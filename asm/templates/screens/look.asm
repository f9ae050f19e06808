; Pictures that never change: letters, windows, what is behind them, the pointer; and the colours of every theme.

        .include "contract.inc"

        .segment "FONT"
        .export font_tiles
font_tiles:
        .incbin "font.2bpp"

        .segment "LOOK"
        .export frame_tiles, panel_tiles, sprite_tiles, palettes, gradients
frame_tiles:
        .incbin "frames.2bpp"
panel_tiles:                    ; those of the pattern behind them
        .incbin "panels.2bpp"
sprite_tiles:
        .incbin "sprites.4bpp"
palettes:
        .incbin "palettes.bin"
gradients:
        .incbin "gradients.bin"

        .segment "TITLE"
        .export title_tiles, title_map
title_tiles:
        .incbin "title.4bpp"
title_map:
        .incbin "title.map"

        .segment "TITLE_REST"
        .export title_rest
title_rest:
        .incbin "title_rest.4bpp"

; the rows of the about screen, and of the title
        .segment "ABOUT"
        .export about_text, title_text
about_text:
{% for line in about.lines %}
        .byte "{{ line }}"
{% endfor %}
title_text:
{% for line in title_text.lines %}
        .byte "{{ line }}"
{% endfor %}
