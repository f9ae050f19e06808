        call_far {{ block.entry }}
