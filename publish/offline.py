"""The list of a site's files, which lab/worker/service-worker.js keeps for days without a network."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from snesgpt.lab.model import as_json

LIST, WORKER = "files.js", "service-worker.js"


def write_list(site: Path, first: Iterable[str]) -> None:
    """Write the list: what a first visit needs, its names beginning with one of `first`; and the others.

    Both are addresses with hashes, small files first. The list's own hash names the browser's copy of it all.
    """
    begins = tuple(first)
    found = (path for path in site.rglob("*") if path.is_file())
    files = sorted(found, key=lambda path: (path.stat().st_size, path))
    hashes = {path.relative_to(site).as_posix(): sha256(path.read_bytes()).hexdigest()[:16] for path in files}
    hashes = {name: digest for name, digest in hashes.items() if name not in (LIST, WORKER)}
    shell = {name: digest for name, digest in hashes.items() if name.startswith(begins)}
    others = {name: digest for name, digest in hashes.items() if name not in shell}
    content = as_json({"shell": shell, "others": others})
    version = sha256(content).hexdigest()[:16].encode()
    (site / LIST).write_bytes(b'self.version = "%b";\nself.files = %b;\n' % (version, content.strip()))
