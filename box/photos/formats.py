"""Formats of pictures and films. The rule: the first bytes say what a file is; a name only says more where they cannot.

Many camera RAW files are TIFF in every byte of their head, and a sound recording can have the head of a film: there the
ending of the name decides between what the bytes allow. Which formats Box reads itself, and for which it asks exiftool,
is said here too.
"""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 400
"""How many of the first bytes `sniff` wants: three packets of a transport stream, which has no other mark."""

PICTURES: Final = (
    "image/jpeg", "image/png", "image/tiff", "image/webp", "image/bmp", "image/gif",
    "image/heic", "image/heif", "image/avif",
)  # fmt: skip
"""What Box reads itself."""

_RAW_BY_NAME: Final = {
    "3fr": "image/x-hasselblad-3fr", "arw": "image/x-sony-arw", "dcr": "image/x-kodak-dcr", "dng": "image/x-adobe-dng",
    "erf": "image/x-epson-erf", "fff": "image/x-hasselblad-fff", "iiq": "image/x-phaseone-iiq",
    "k25": "image/x-kodak-k25", "kdc": "image/x-kodak-kdc", "mef": "image/x-mamiya-mef", "mos": "image/x-leaf-mos",
    "nef": "image/x-nikon-nef", "nrw": "image/x-nikon-nrw", "pef": "image/x-pentax-pef", "sr2": "image/x-sony-sr2",
    "srf": "image/x-sony-srf", "srw": "image/x-samsung-srw",
}  # fmt: skip
"""RAW files whose first bytes say TIFF, by the ending of the name."""

_RAW_BY_BYTES: Final = (
    (0, b"IIRO", "image/x-olympus-orf"),
    (0, b"IIRS", "image/x-olympus-orf"),
    (0, b"MMOR", "image/x-olympus-orf"),
    (0, b"IIU\0", "image/x-panasonic-rw2"),
    (0, b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
    (0, b"FOVb", "image/x-sigma-x3f"),
    (0, b"\0MRM", "image/x-minolta-mrw"),
    (6, b"HEAPCCDR", "image/x-canon-crw"),
    (25, b"ARECOYK", "image/x-kyocera-raw"),
)
"""(where, what stands there, media type)."""
_CR2, _CR3, _IIQ = "image/x-canon-cr2", "image/x-canon-cr3", "image/x-phaseone-iiq"

RAW: Final = tuple(sorted({*_RAW_BY_NAME.values(), *(raw for _, _, raw in _RAW_BY_BYTES), _CR2, _CR3}))
TIFF_LIKE: Final = frozenset({*_RAW_BY_NAME.values(), _CR2, "image/x-olympus-orf", "image/x-panasonic-rw2"})
"""RAW files that keep their EXIF as a TIFF does."""

FILMS: Final = ("video/quicktime", "video/mp4", "video/3gpp", "video/x-msvideo", "video/mp2t")
BOXED: Final = frozenset({_CR3, "video/quicktime", "video/mp4", "video/3gpp"})
"""Made of ISO base media boxes, as HEIC and AVIF are."""

MEDIA_TYPES: Final = (*PICTURES, *RAW, *FILMS)
"""What `sniff` and `media_type` can answer."""

_MAGIC: Final = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0\x08\0\0\0", "image/tiff"),
    (0, b"MM\0+\0\x08\0\0", "image/tiff"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

_BRANDS: Final = (
    ("image/avif", frozenset({b"avif", b"avis"})),
    ("image/heic", frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})),
    ("image/heif", frozenset({b"mif1", b"msf1"})),
    (_CR3, frozenset({b"crx "})),
    ("", frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ", b"jp2 ", b"jpx ", b"jpm ", b"mjp2", b"jxl "})),
    ("video/quicktime", frozenset({b"qt  "})),
    ("video/3gpp", frozenset({b"3gp", b"3g2", b"3gr", b"3gs", b"3ge", b"3gg"})),
    ("video/mp4", frozenset({
        b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"avc1", b"mp41", b"mp42",
        b"mp71", b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"XAVC", b"dash", b"f4v ", b"F4V ", b"mmp4", b"hvc1", b"av01",
    })),
)  # fmt: skip
"""Brands of ISO base media files; the first that one of a file's brands is in. Sound and JPEG 2000 are no photos."""
_QUICKTIME_SIZES_MAX: Final = {b"moov": 2**28, b"wide": 8, b"free": 2**24, b"skip": 2**24, b"pnot": 20, b"mdat": 2**32}
"""Old QuickTime has no brand: it begins with one of these boxes, which is no larger than that."""
_SOUND_ENDINGS: Final = frozenset({"m4a", "m4b", "m4p", "m4r", "aac", "3ga"})


def media_type(name: str, head: bytes) -> str:
    """The media type of a file of that name (or path), empty when it is none that Box files as a photo or film."""
    found, ending = sniff(head), name.rpartition(".")[2].lower()
    if found == "image/tiff":
        return _RAW_BY_NAME.get(ending, found)
    return "" if found.startswith("video/") and ending in _SOUND_ENDINGS else found


def sniff(head: bytes) -> str:
    """The media type that the first bytes show, empty when they are no picture or film."""
    return next((found for test in _TESTS if (found := test(head))), "")


def _by_magic(head: bytes) -> str:
    # Canon CR2 and Phase One IIQ are TIFF, and say more a little further on.
    if head[:4] in {b"II*\0", b"MM\0*"} and head[8:10] == b"CR":
        return _CR2
    if head[:4] in {b"II*\0", b"MM\0*"} and head[8:12] in {b"IIII", b"MMMM"}:
        return _IIQ
    return next((found for at, magic, found in (*_RAW_BY_BYTES, *_MAGIC) if head.startswith(magic, at)), "")


def _bitmap(head: bytes) -> str:
    # "BM" alone is any text that begins so; the second header has one of a few sizes.
    is_one = head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    return "image/bmp" if is_one else ""


def _riff(head: bytes) -> str:
    return _RIFF.get(head[8:12], "") if head.startswith(b"RIFF") else ""


def _branded(head: bytes) -> str:
    """By the brands in the first box: the major one if it is known, else the compatible ones.

    Makers have brands of their own, and `mif1` (some picture in a container) is left to a more exact one beside it.
    """
    if head[4:8] != b"ftyp":
        return ""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major, others = head[8:12], {head[at : at + 4] for at in range(16, end - 3, 4)}
    for brands in ({major} - {b"mif1", b"msf1"}, {major, *others}):
        for found, known in _BRANDS:
            if any(brand in known or brand[:3] in known for brand in brands):
                return found
    return ""


def _quicktime(head: bytes) -> str:
    size, name = int.from_bytes(head[:4], "big"), head[4:8]
    # A size of 0 is "to the end of the file", 1 "so large that the size follows".
    is_one = 8 <= size <= _QUICKTIME_SIZES_MAX.get(name, 0) or (name == b"mdat" and size < 2)
    return "video/quicktime" if is_one else ""


def _transport_stream(head: bytes) -> str:
    """Packets of 188 bytes that begin with G; cameras (AVCHD) put four bytes of time before each."""
    is_one = any(head[at : at + 2 * step + 1 : step] == b"GGG" for at, step in ((0, 188), (4, 192)))
    return "video/mp2t" if is_one else ""


_TESTS: Final = (_by_magic, _bitmap, _riff, _branded, _quicktime, _transport_stream)
