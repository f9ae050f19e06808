        call find_context
