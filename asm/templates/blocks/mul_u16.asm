{% include "blocks/mul_u16_cpu.asm" %}
