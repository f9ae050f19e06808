        pea {{ call.page }}
        pld
        jsl {{ call.entry }}
        pea 0
        pld
