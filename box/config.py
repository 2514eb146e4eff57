"""Configuration. The rule: a key is what its variable says, else the file, else the default; nothing is guessed.

The variable of `watch.settle_seconds` is `BOX_WATCH_SETTLE_SECONDS`. An unknown key or variable, a wrong type or a
number out of its range is a ConfigError that names the key and says what is expected. Relative folders are relative to
the folder of the file, as it was named (a link is not followed). What each key trades is said in `config.toml`, shipped
beside this module. A section made or replaced by hand is not checked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, replace
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.backup_keys import AUTO, is_remote
from box.errors import ConfigError
from box.import_tables import placed
from box.sections import KEYS, SECTIONS, Backup, Box, Config
from box.units import MB

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["KEYS", "SECTIONS", "Box", "Config", "as_dict", "default", "find", "load", "template"]

FILE_BYTES_MAX: Final = 1 * MB
SYSTEM_FILE: Final = "/etc/box/config.toml"


_VARIABLES: Final = {f"BOX_{name.replace('.', '_').upper()}": name for name in KEYS}


def load(path: str | None, env: Mapping[str, str]) -> Config:
    """The file that `find` finds, with what `env` overrides. Raises ConfigError."""
    file = find(path, env, _current_folder())
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for name, value, source in (*_written(_parsed(file), file), *_overridden(env)):
        section, _, key = name.partition(".")
        try:
            values[section][key] = KEYS[name].metadata["read"](name, value)
        except ConfigError as error:
            raise ConfigError(f"{error} ({source})") from None
    config = Config(path=file, **{section: kind(**values[section]) for section, kind in SECTIONS.items()})
    return _settled(config, env.get("HOME", ""))


def find(path: str | None, env: Mapping[str, str], cwd: str, system: str = SYSTEM_FILE) -> str:
    """The absolute path of the file that `--config` names, else `BOX_CONFIG`, else ./config.toml, else the system's."""
    named, by = (path, "--config") if path is not None else (env.get("BOX_CONFIG") or None, "BOX_CONFIG")
    if named is None:
        places = (os.path.join(cwd, "config.toml"), system)
        for place in places:
            if os.path.isfile(place):
                return place
        looked = " and ".join(places)
        raise ConfigError(f"no configuration: looked for {looked}; 'box init' makes one, --config FILE names one")
    file = os.path.abspath(os.path.join(cwd, named))
    if os.path.isdir(file):
        raise ConfigError(f"{by}: {file} is a folder; name the file, such as {os.path.join(file, 'config.toml')}")
    if not os.path.exists(file):
        raise ConfigError(f"{by}: there is no file {file}; 'box init' makes one")
    return file


def default(root: str) -> Config:
    """Every key at its default, for that root."""
    return Config(box=Box(root=_absolute("box.root", root, _current_folder())))


def as_dict(section: DataclassInstance) -> dict[str, Any]:
    """A section, or a whole Config, as JSON has it: for a child process, and to be shown."""
    return asdict(section, dict_factory=lambda pairs: {k: list(v) if type(v) is tuple else v for k, v in pairs})


def template(root: str = ".", user: str = "me") -> str:
    """The commented `config.toml`, every key at its default but for that root and that user."""
    from importlib.resources import files  # noqa: PLC0415 - slow to import, and only `box init` needs it

    units.folder("box.root", root)
    if any("\ud800" <= letter <= "\udfff" for letter in root):
        raise units.refused("box.root", root, "a path in UTF-8, the only ones that TOML can hold; or set BOX_BOX_ROOT")
    units.users("users.names", [user])
    text = files("box").joinpath("config.toml").read_text("utf-8")
    return text.replace('"me"', _quoted(user)).replace('root = "."', f"root = {_quoted(root)}", 1)


# --- the file --------------------------------------------------------------------------------------------------------


def _parsed(file: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - what imports this module for its types reads no file

    try:
        with open(file, "rb") as opened:
            data = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    if len(data) > FILE_BYTES_MAX:
        raise ConfigError(f"{file}: larger than {units.bytes_text(FILE_BYTES_MAX)}; is it the right file?")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"not UTF-8 (at line {line})"
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:  # TOMLDecodeError, and a number of too many digits
        lines = len(data.splitlines())
        reason = str(error).replace("at end of document", f"at line {lines}, the end of the file")
        if re.search(rb"^\s*\[\[watch(\.imports)?\]\]", data, re.MULTILINE):
            reason += '; beside [watch] an import is [[watch.imports]], and takes the place of "imports = []"'
    raise ConfigError(f"{file}: not valid TOML: {reason}")


def _written(tables: dict[str, Any], file: str) -> Iterator[tuple[str, Any, str]]:
    """(key, value, source) of all that the file says."""
    source = f"in {file}"
    for section, written in tables.items():
        # A file without a section [watch] may say [[watch]] for [[watch.imports]].
        table = {"imports": written} if section == "watch" and isinstance(written, list) else written
        if section not in SECTIONS:
            known = {name: f"[{name}]" for name in SECTIONS} | {name.partition(".")[2]: name for name in KEYS}
            raise _unknown(f"{_bare(section)}: no such section", section, known, source)
        if not isinstance(table, dict):
            raise units.refused(section, table, f"a section, [{section}] ({source})")
        for key, value in table.items():
            name = f"{section}.{key}"
            if name not in KEYS:
                known = {known: known for known in KEYS}
                raise _unknown(f"{section}.{_bare(key)}: no such key", name, known, source)
            yield name, value, source


def _unknown(message: str, name: str, known: Mapping[str, str], source: str) -> ConfigError:
    """The error for a name that is none, with the nearest that is one."""
    from difflib import get_close_matches  # noqa: PLC0415 - only mistakes need it

    near = get_close_matches(name[:100], known, 1, 0.0)
    return ConfigError(f"{message}; did you mean {known[near[0]]}? ({source})")


# --- the environment -------------------------------------------------------------------------------------------------


def _overridden(env: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    """(key, value, source) of all variables that are ours: those that begin with the name of a section."""
    for variable in sorted(env):
        match = re.match("BOX_([A-Z]+)_", variable)
        if not match or match[1].lower() not in SECTIONS:
            continue
        name = _VARIABLES.get(variable)
        if name is None:
            known = {known: known for known in _VARIABLES}
            raise _unknown(f"{_bare(variable)}: no such variable", variable, known, "in the environment")
        yield name, _typed(env[variable], KEYS[name].default), f"from {variable}"


def _typed(text: str, default: object) -> object:
    """What a file would hold for the text of a variable; the text itself, for the reader to judge, if nothing fits."""
    written = text.strip()
    if isinstance(default, tuple):
        if written.startswith("["):
            return _value(written)
        return [entry.strip() for entry in written.split(",")] if written else []
    if default is MISSING:  # a table, the only default that is made afresh
        if written.startswith("{"):
            return _value(written)
        pairs = [entry.partition("=") for entry in written.split(",")] if written else []
        return {name.strip(): value.strip() for name, _, value in pairs}
    if isinstance(default, int) and re.fullmatch(r"-?[0-9](_?[0-9]){0,30}", written):
        return int(written)
    return text


def _value(written: str) -> object:
    """The list or table that a text is in TOML or JSON; the text itself, if it is in neither."""
    import tomllib  # noqa: PLC0415 - as above

    try:
        tables = tomllib.loads(f"value = {written}")
        return tables["value"] if len(tables) == 1 else written
    except (ValueError, RecursionError):
        try:
            return json.loads(written)
        except (ValueError, RecursionError):
            return written


# --- folders, and what two keys say together -------------------------------------------------------------------------


def _settled(config: Config, home: str) -> Config:
    """The same with absolute folders; refuses keys that contradict each other."""
    base = os.path.dirname(config.path)
    root = _absolute("box.root", config.box.root, base, home)
    if root == "/":
        raise ConfigError(f"box.root = '/': expected a folder that is Box's own ({config.path})")
    if config.jobs.retry_cap_seconds < config.jobs.retry_base_seconds:
        raise ConfigError(f"jobs.retry_cap_seconds: expected at least jobs.retry_base_seconds ({config.path})")
    emergency = config.retention.emergency_free_percent
    if emergency is not None and emergency >= config.retention.min_free_percent:
        raise ConfigError(
            f"retention.emergency_free_percent: expected less than retention.min_free_percent ({config.path})"
        )
    if config.claims.mode == "llm" and not (config.claims.url and config.claims.model):
        raise ConfigError(f'claims.mode = "llm": expected claims.url and claims.model as well ({config.path})')
    strangers = [user for user in config.quota.users if user not in config.users.names]
    if strangers and not config.users.auto_create:
        raise ConfigError(f"quota.users.{strangers[0]}: expected one of users.names ({config.path})")
    try:
        places = placed(config.watch.imports, config.users.names, root)
    except ConfigError as error:
        raise ConfigError(f"{error} ({config.path})") from None
    folder = config.status.dir and _absolute("status.dir", config.status.dir, base, home)
    key_file = config.claims.api_key_file and _absolute("claims.api_key_file", config.claims.api_key_file, base, home)
    model = config.speech.model_path and _absolute("speech.model_path", config.speech.model_path, base, home)
    other = config.embeddings.model_path
    other = other and _absolute("embeddings.model_path", other, base, home)
    return replace(
        config, box=Box(root=root), watch=replace(config.watch, imports=places),
        status=replace(config.status, dir=folder), speech=replace(config.speech, model_path=model),
        embeddings=replace(config.embeddings, model_path=other),
        claims=replace(config.claims, api_key_file=key_file), backup=_backup(config, base, home),
    )  # fmt: skip


def _backup(config: Config, base: str, home: str) -> Backup:
    """Where backups go, with absolute paths."""
    backup = config.backup
    if backup.engine == "restic" and backup.destination:
        raise ConfigError(
            'backup.destination: expected "" with backup.engine = "restic", which writes to backup.repository'
            f" ({config.path})"
        )

    def absolute(key: str) -> str:
        path: str = getattr(backup, key)
        return path and _absolute(f"backup.{key}", path, base, home)

    folders = (
        each if each == AUTO else _absolute("backup.destination", each, base, home) for each in backup.destination
    )
    return replace(
        backup, destination=tuple(folders), password_file=absolute("password_file"),
        environment_file=absolute("environment_file"),
        repository=backup.repository if is_remote(backup.repository) else absolute("repository"),
    )  # fmt: skip


def _absolute(where: str, folder: str, base: str, home: str = "") -> str:
    """The folder, relative to `base` or below `home` (`~/...`), with one slash at its begin and none at its end."""
    if folder == "~" or folder.startswith("~/"):
        if not home:
            raise units.refused(where, folder, "a whole path, because HOME is not set")
        folder = home + folder[1:]
    return "/" + os.path.abspath(os.path.join(base, folder)).lstrip("/")


def _current_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise ConfigError("the current folder was removed: change to another one") from None


def _bare(name: str) -> str:
    """A name as TOML has it without quotes, else as an error can show it."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) else units.show(name)


def _quoted(text: str) -> str:
    """A text as TOML has it; JSON's is the same but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
