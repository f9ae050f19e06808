        iny
        iny
        cpy a:{{ stretch.end }}
        beq :+
        jmp next
:
ends:
