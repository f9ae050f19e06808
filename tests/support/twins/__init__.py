"""Every arithmetic routine of a cartridge beside its Python twin: `registry` has them all."""

from tests.support.twins import digits, llama, schoolbook

__all__ = ["digits", "llama", "schoolbook"]
