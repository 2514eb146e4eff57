"""What commands share. The rule: a command gets its configuration, its user and its way into the log from here."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable

from box import config as configuration
from box import people
from box.errors import UsageError
from box.sections import Config


def load(args: Namespace) -> Config:
    """The configuration that the command line or the environment names. Raises ConfigError."""
    return configuration.load(args.config, os.environ)


def known_user(name: str, users: Iterable[str], config: Config) -> str:
    """The name, if it is one of the users. Raises UsageError."""
    known = sorted(users)
    if name not in known:
        raise UsageError(f"there is no user {name!r}: {config.path} knows {', '.join(known)} (users.names)")
    return name


def only_user(config: Config, name: str | None) -> str:
    """The configured user that is meant; without a name the only one there is. Raises UsageError."""
    names = people.users(config)
    if name is not None:
        return known_user(name, names, config)
    if len(names) > 1:
        raise UsageError(f"there are several users: say --user with one of {', '.join(names)}")
    return names[0]
