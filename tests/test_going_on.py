"""Work that is gone on with, after a kill anywhere: whole lines that are good are kept, and the next follows them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from box.library import going_on

LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=6)


@settings(deadline=None)
@given(LINES, st.data())
def test_what_was_cut_off_anywhere_goes_on_behind_the_last_whole_line(lines: list[bytes], data: st.DataObject):
    content = b"".join(line + b"\n" for line in lines)
    cut = data.draw(st.integers(0, len(content)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "made", "pages")
        path.parent.mkdir()
        path.write_bytes(content[:cut])
        taken: list[bytes] = []
        with going_on.opened(str(path), lambda line: taken.append(line) is None) as file:
            file.write(b"next\n")
        assert path.read_bytes() == b"".join(taken) + b"next\n"
    assert taken == [line + b"\n" for line in content[:cut].split(b"\n")[:-1]]


def test_a_line_that_is_not_taken_goes_with_all_behind_it(tmp_path):
    path = tmp_path / "new" / "pages"
    with going_on.opened(str(path), lambda _: True) as file:
        file.write(b"1\nwrong\n3\n")
    with going_on.opened(str(path), lambda line: line != b"wrong\n") as file:
        file.write(b"2\n")
    assert path.read_bytes() == b"1\n2\n"
