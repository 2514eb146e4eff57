"""Evidence of the moment in a picture. The rule: what takes longer to find is only looked for where EXIF is silent."""

from __future__ import annotations

from box.photos import early, exif, sidecar
from box.photos.exif import Tags
from box.photos.tiff import Bytes

_MAKER_NOTES = "MakerNotes:DateTimeOriginal"
_ENOUGH = ("EXIF:DateTimeOriginal", "EXIF:DateTimeDigitized", _MAKER_NOTES)


def gather(data: Bytes, media_type: str, tags: Tags) -> dict[str, str]:
    """All that a picture says about the moment; `tags` is its EXIF."""
    found = exif.evidence(tags)
    if any(name in found for name in _ENOUGH):
        return found
    if media_type == "image/jpeg" and (taken := early.read(data)):
        return found | {_MAKER_NOTES: taken}
    return found | sidecar.read_xmp(sidecar.embedded_xmp(data))
