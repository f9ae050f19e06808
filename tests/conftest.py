"""One BLAS thread a worker: the matrices are small, and the workers share two cores.

And Ctrl-C, for the tests of it: what a shell starts in the background is told to ignore it. And no deadline for the
examples of a property: a busy machine is no bug.
"""

import os
import signal

from hypothesis import settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
