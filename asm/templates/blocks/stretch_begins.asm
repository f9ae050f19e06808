{% if stretch.later %}
        lda a:position_words
        cmp #HALF_BYTES
        bcs :+
        jmp ends
:
{% endif %}
{% if stretch.begin %}
        ldy {{ stretch.begin }}
{% endif %}
{% if stretch.may_be_empty %}
        cpy a:{{ stretch.end }}
        bne :+
        jmp ends
:
{% endif %}
