; The model's weights and the tables. Q8.8 words, a row a line.

        .include "contract.inc"

        .segment "TABLES"

        .export exp_table, rsqrt_table, inverse_t_table

; exp(−i/32), Q0.16
exp_table:
{% for line in exp_lines %}
        .word {{ line }}
{% endfor %}

; 1/√ of a sum of squares by its top byte: see tables/rsqrt.py
rsqrt_table:
{% for line in rsqrt_lines %}
        .byte {{ line }}
{% endfor %}

; 1/T in Q8.8 for T = 0.0, 0.1 … 2.0; 0 = greedy
inverse_t_table:
{% for line in inverse_t_lines %}
        .word {{ line }}
{% endfor %}

; how far below the largest a logit weighs nothing, Q8.8
        .export cutoff_table
cutoff_table:
{% for line in cutoff_lines %}
        .word {{ line }}
{% endfor %}

; one byte a token: the first character it prints, its space not counted
        .export symbol_characters
symbol_characters:
{% for line in symbol_lines %}
        .byte {{ line }}
{% endfor %}

; what each token prints, in Latin-1 with a zero behind it; nothing for BOS
        .export token_offsets, token_texts
        .segment "TOKEN_TEXTS"
token_offsets:
{% for line in token_texts.offset_lines %}
        .word {{ line }}
{% endfor %}
token_texts:
{% for line in token_texts.text_lines %}
        .byte {{ line }}
{% endfor %}

{% if pieces %}
; the keys that can be typed, and how text becomes tokens: see asm/screens/merge_tables.py
        .export story_keys, character_tokens, join_lists, join_rights, join_wholes, join_ranks
        .segment "MERGE_TABLES"
story_keys:
{% for line in pieces.key_lines %}
        .byte {{ line }}
{% endfor %}
character_tokens:
{% for line in pieces.character_lines %}
        .word {{ line }}
{% endfor %}
join_lists:
{% for line in pieces.list_lines %}
        .word {{ line }}
{% endfor %}
join_rights:
{% for line in pieces.right_lines %}
        .word {{ line }}
{% endfor %}
join_wholes:
{% for line in pieces.whole_lines %}
        .word {{ line }}
{% endfor %}
join_ranks:
{% for line in pieces.rank_lines %}
        .word {{ line }}
{% endfor %}

{% endif %}
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
{% for part in parts %}

; {{ part.comment }}
        .segment "{{ part.segment }}"
        .export {{ part.label }}
{{ part.label }}:
{% for line in part.lines %}
        {{ part.directive }} {{ line }}
{% endfor %}
{% endfor %}
