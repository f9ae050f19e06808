        jsl {{ call.entry }}
