"""Office Open XML, what its three formats share. The rule: a part is found by its relation, not by its usual name."""

from __future__ import annotations

import posixpath
from typing import Final
from urllib.parse import unquote

from box.library import properties, safe_xml
from box.library.packed import Packed
from box.library.properties import Properties
from box.library.safe_xml import local

_RELATIONS_BYTES_MAX: Final = 16 * 1024 * 1024


def relations(packed: Packed, part: str, name: str) -> dict[str, tuple[str, str]]:
    """Id -> (the last word of its type, the part it leads to), of a part; "" is the package."""
    folder, _, file = part.rpartition("/")
    path = f"{folder}/_rels/{file}.rels" if folder else f"_rels/{file}.rels"
    if path not in packed.names:
        return {}
    found = {}
    for element in safe_xml.tree(packed.read(path, _RELATIONS_BYTES_MAX), name):
        if element.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, unquote(element.get("Target", "")))).lstrip("/")
            found[element.get("Id", "")] = (element.get("Type", "").rpartition("/")[2], target)
    return found


def related(packed: Packed, part: str, kind: str, name: str) -> str:
    """The first part that `part` has as its `kind`, if it is there; else empty."""
    parts = (target for said, target in relations(packed, part, name).values() if said == kind)
    return next((target for target in parts if target in packed.names), "")


def main_part(packed: Packed, usual: str, name: str) -> str:
    """The part with the document itself."""
    return related(packed, "", "officeDocument", name) or usual


def core(packed: Packed, name: str) -> Properties:
    """What the document says about itself."""
    part = related(packed, "", "core-properties", name)
    return properties.of_tree(safe_xml.tree(packed.read(part, 1024 * 1024), name)) if part else Properties()


def value(attributes: dict[str, str], key: str) -> str:
    """An attribute, in whatever namespace it is: there are two sets of them."""
    if key in attributes:
        return attributes[key]
    return next((said for long, said in attributes.items() if local(long) == key), "")
