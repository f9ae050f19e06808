; The model's weights and the tables. Q8.8 words, a row a line.

        .include "contract.inc"
{% for table in data_tables %}

; {{ table.comment }}
        .segment "{{ table.segment }}"
        .export {{ table.label }}
{{ table.label }}:
{% for line in table.lines %}
        {{ table.directive }} {{ line }}
{% endfor %}
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
