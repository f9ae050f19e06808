        jsl {{ block.entry }}
