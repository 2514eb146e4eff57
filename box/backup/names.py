"""Names on a destination. The rule: each path has one name there, and from that name the path can be told again.

A destination for Linux takes names as they are. A portable one (FAT, exFAT, NTFS, a Windows share) refuses some
characters and names, drops dots and spaces at the end, and takes `a` and `A` for one: what it would not keep is written
as `%` and two digits (`a?` is `a%3F`, `%` itself `%25`), and what would stand over another file gets `%~2` before its
ending. Paths are path texts, relative to the root here and to the destination there.
"""

from __future__ import annotations

import re
from typing import Final

from box import file_names

PORTABLE: Final = frozenset({
    "cifs", "exfat", "fuse.exfat", "fuse.ntfs", "fuse.ntfs-3g", "fuseblk", "hfsplus", "msdos", "ntfs", "ntfs3", "smb2",
    "smb3", "smbfs", "vfat",
})  # fmt: skip
"""File systems that take fewer names than Linux does."""

FAT: Final = frozenset({"msdos", "vfat"})
FAT_BYTES_MAX: Final = (1 << 32) - 1
"""What a file on FAT can hold at most; exFAT knows no such limit."""

_REFUSED: Final = re.compile(r'[<>:"|?*\\%\x00-\x1f\x7f]')
_AT_END: Final = re.compile(r"[. ]\Z")
_RESERVED: Final = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³]|CONIN\$|CONOUT\$) *(\.|\Z)", re.IGNORECASE)
"""Names that Windows takes for devices, whatever their ending."""
_ESCAPED: Final = re.compile(r"%(?:([0-9A-F]{2})|~[0-9]+)")
_CUT: Final = re.compile(r"%~x[0-9a-f]{12}")
_PIECE: Final = re.compile(r"%[0-9A-F~]?\Z")


def is_portable(kind: str) -> bool:
    """Whether a type of file system (as the kernel spells it) takes fewer names than Linux does."""
    return kind in PORTABLE


def bytes_max(kind: str) -> int | None:
    """How large a file can be on a type of file system; None where no file is too large."""
    return FAT_BYTES_MAX if kind in FAT else None


def stored(path: str, *, portable: bool) -> str:
    """The path of a file on a destination."""
    return "/".join(map(_mapped, path.split("/"))) if portable else path


def numbered(place: str, number: int) -> str:
    """Another path on a destination for what cannot stand at `place`: `a.jpg` -> `a%~2.jpg`; itself for 1."""
    if number == 1:
        return place
    folder, slash, name = place.rpartition("/")
    base, dot, ending = name.rpartition(".")
    if not base or len(ending) > 16:
        base, dot, ending = name, "", ""
    tail = f"%~{number}{dot}{ending}"
    return folder + slash + _cut(base, file_names.NAME_BYTES_MAX - len(tail.encode())) + tail


def original(place: str) -> str | None:
    """The path text that has this path on a portable destination; None if it was too long to be kept there whole."""
    if _CUT.search(place):
        return None
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "", place)


def folded(place: str, *, portable: bool) -> str:
    """The same for all paths that are one file on that destination."""
    return place.casefold() if portable else place


def part(place: str) -> str:
    """The path under which a file lies beside its own until it is whole."""
    folder, slash, name = place.rpartition("/")
    return folder + slash + file_names.with_suffix("." + name, ".part")


def _mapped(name: str) -> str:
    mapped = _REFUSED.sub(_escape, name)
    mapped = _AT_END.sub(_escape, mapped)
    if _RESERVED.match(mapped):
        mapped = f"%{ord(mapped[0]):02X}{mapped[1:]}"
    if len(mapped.encode()) <= file_names.NAME_BYTES_MAX:
        return mapped
    from blake3 import blake3  # noqa: PLC0415  hardly ever needed

    digest = "%~x" + blake3(name.encode()).hexdigest(length=6)
    return _cut(mapped, file_names.NAME_BYTES_MAX - len(digest)) + digest


def _escape(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _cut(mapped: str, size: int) -> str:
    """At most so many bytes of it, and no character or escape in pieces."""
    if len(mapped.encode()) <= size:
        return mapped
    return _PIECE.sub("", mapped.encode()[:size].decode(errors="ignore"))
