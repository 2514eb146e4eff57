"""The program. The rule: what `box` means is said in `box.cli`; this is only the door."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one command; the exit code of DESIGN section 5."""
    from box import cli  # noqa: PLC0415 - so that a Ctrl-C while it is imported can be caught below

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
