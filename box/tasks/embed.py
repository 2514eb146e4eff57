"""embed: the vectors of a text. The rule: of each chunk of the index one, in one file, which is replaced as a whole.

`run` works in the child process, the parent calls `report` only: so what makes vectors is imported where it is used.
"""

from __future__ import annotations

import os
from typing import Final

from box import disk, units
from box.errors import SourceChanged
from box.events import Event, FilePlaced
from box.library import vectors
from box.paths import to_os
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

KIND: Final = "embed"
_MADE: Final = "vectors"


def run(request: Request, tools: Tools) -> Found:
    """Make a vector of each chunk. Raises SourceChanged, and BoxError without a model."""
    from box.library import minilm  # noqa: PLC0415 - only the child needs it
    from box.library.chunking import chunks  # noqa: PLC0415 - as above

    args = request.args
    home = os.path.dirname(os.path.dirname(request.scratch))  # of the user: the scratch is in their temp/
    path = os.path.join(home, "notes", to_os(args["note"].partition("/notes/")[2]))
    try:
        digest = disk.digest_of(path)
    except FileNotFoundError:
        digest = ""
    if digest != args["note_digest"]:
        raise SourceChanged("its note is another one by now: that is indexed first")
    model = minilm.load(tools.options["model_path"])
    rows = []
    with open(path, encoding="utf-8", newline="\n") as note:
        for chunk in chunks(note):
            rows.append(model.vector(chunk.text))
            tools.progress(done=len(rows), total=max(args["chunks"], len(rows)), message="vectors")
    if not rows:
        return Found()
    os.makedirs(request.scratch, exist_ok=True)
    with open(os.path.join(request.scratch, _MADE), "wb") as file:
        vectors.write(file, digest, minilm.identity(tools.options["model_path"]), rows)
    placement = Placement(vectors.AREA, "", suffix=vectors.name_of(args["item"]), made=_MADE)
    return Found((placement,), result={"vectors": len(rows)})


def report(request: Request, _: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """The file that holds them."""
    return tuple(FilePlaced(path=at.path, size=at.size, mtime_ns=at.mtime_ns, job=request.job) for at in landed)


HANDLER = Handler(
    kind=KIND, run=run, report=report, options="embeddings", heavy=True,
    limits={"memory_bytes": units.GB, "cpu_seconds": units.DAY, "deadline_seconds": units.DAY},
)  # fmt: skip
