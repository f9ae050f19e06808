        call_far {{ call.entry }}
