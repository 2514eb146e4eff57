"""`box jobs pause`, `drain`, `resume`. The rule: nothing is lost; what may not begin waits."""

from __future__ import annotations

from argparse import Namespace

from box import log
from box.beside import beside
from box.cli import output, settings
from box.errors import UsageError
from box.events import Event, KindHeld, KindResumed
from box.models import holds
from box.tasks import ALL


def pause(args: Namespace) -> int:
    """Begin no more jobs of the kind."""
    return _record(args, KindHeld(kind=_kind(args), until=0))


def drain(args: Namespace) -> int:
    """Begin no jobs of the kind but those that were asked for before now."""
    with beside(settings.load(args)) as box:
        newest = log.last_position(box.store)
    return _record(args, KindHeld(kind=_kind(args), until=newest))


def resume(args: Namespace) -> int:
    """As if it had never been held."""
    return _record(args, KindResumed(kind=_kind(args)))


def _kind(args: Namespace) -> str:
    kinds = sorted(handler.kind for handler in ALL)
    if args.held_kind and args.held_kind not in kinds:
        raise UsageError(f"there is no kind of job {args.held_kind!r}; there are: {', '.join(kinds)}")
    kind: str = args.held_kind
    return kind


def _record(args: Namespace, event: Event) -> int:
    with beside(settings.load(args)) as box:
        box.engine.record(event)
        held = holds.all_of(box.store)
    if args.json:
        output.value([{"kind": kind or None, "until": until} for kind, until in sorted(held.items())])
        return 0
    for kind, until in sorted(held.items()):
        name = kind or "all kinds"
        output.line(f"{name}: paused" if not until else f"{name}: draining, jobs up to {until} are still begun")
    if not held:
        output.line("nothing is paused")
    return 0
