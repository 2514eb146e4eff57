"""What is never touched."""

from __future__ import annotations

import pytest

from box.watchers.ignore import Ignored


@pytest.mark.parametrize(
    "path",
    [
        ".hidden", "a/.hidden", "x.jpg.part", "x.partial", "x.crdownload", "X.TMP", "~x.doc", "~$x.docx",
        "~syncthing~x.tmp", ".syncthing.x.jpg.tmp", "._IMG_1.JPG", ".DS_Store", "Thumbs.db", "THUMBS.DB",
        "desktop.ini", "a/b/desktop.ini", "@eaDir/x.jpg", "a/@eaDir/b/x.jpg", "__MACOSX/x.jpg",
        ".stversions/x.jpg", "upload.part/x.jpg",
    ],
)  # fmt: skip
def test_names_of_the_design_are_never_touched(path: str) -> None:
    assert Ignored().file(path)


@pytest.mark.parametrize(
    "path",
    [
        "x.jpg",
        "part",
        "x.part.jpg",
        "tmp/x.jpg",
        "a~.jpg",
        "Thumbs.db.jpg",
        "a/MACOSX/x",
        "\udcff.jpg",
        "a\nb.jpg",
        "…",
    ],
)
def test_other_names_are(path: str) -> None:
    assert not Ignored().file(path)


@pytest.mark.parametrize("folder", ["@eaDir", "a/@eadir/b", "__MACOSX", ".git", "~trash", "x.part/y"])
def test_folders_of_the_design_are_not_entered(folder: str) -> None:
    assert Ignored().folder(folder)


def test_the_inbox_itself_is_never_ignored() -> None:
    assert not Ignored(["*"]).folder("")


@pytest.mark.parametrize(
    ("glob", "path", "ignored"),
    [
        ("*.raw", "a/x.RAW", True),
        ("*.raw", "a/x.jpg", False),
        ("work/*", "work/x.jpg", True),
        ("work/*", "work/deep/x.jpg", True),
        ("desk/*", "other/desk/x.jpg", False),
        ("/desk/*", "desk/x.jpg", True),
        ("drafts/", "drafts/x.jpg", True),
        ("drafts/", "a/drafts/x.jpg", True),
        ("drafts/", "a/drafts", False),
        ("drafts", "a/drafts", True),
        ("IMG_[0-9].jpg", "IMG_1.jpg", True),
        ("IMG_[0-9].jpg", "IMG_a.jpg", False),
        ("*\n*", "a\nb.jpg", True),
        ("", "x.jpg", False),
        ("/", "x.jpg", False),
    ],
)
def test_globs_are_held_against_name_and_path(glob: str, path: str, ignored: bool) -> None:
    assert Ignored([glob]).file(path) is ignored


def test_the_memory_for_folders_is_bounded_and_forgetting_changes_no_answer() -> None:
    ignored = Ignored()
    folders = [f"a/{number}" for number in range(10_000)]
    assert not any(ignored.folder(folder) for folder in folders)
    assert len(ignored._folders) <= 4_097
    assert ignored.folder("a/.b") and not ignored.folder("a/1")
