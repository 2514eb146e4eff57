"""undo: what a cancelled job had done already is taken back. The rule: the last step first, and each is tried.

A step that nothing can take back, or whose undoing failed, is listed in the result: `left`.
"""

from __future__ import annotations

import json

from box.errors import Stopped
from box.tasks import call
from box.tasks.handler import Found, Handler, Request, Tools


def run(request: Request, tools: Tools) -> Found:
    """Call the undoing of each step, in reverse; the result says what was undone and what is left."""
    undone: list[str] = []
    left: list[str] = []
    steps = request.args["steps"]
    for number, (what, undo) in enumerate(reversed(steps)):
        tools.progress(done=number, total=len(steps), message=what)
        if not undo:
            left.append(what)
            continue
        name, arguments = json.loads(undo)
        try:
            call.with_tools(tools, call.find(name), *arguments)
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - told in the result, and the other steps are undone all the same
            left.append(f"{what}: {type(error).__name__}: {error}"[:500])
        else:
            undone.append(what)
    return Found(result={"job": request.args["job"], "undone": undone, "left": left})


HANDLER = Handler(kind="undo", run=run, report=call.report)
