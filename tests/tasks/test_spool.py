"""A spool: what went in comes out, in order, whatever part of it fits into memory."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.tasks import spool
from box.tasks.spool import Spool

ROWS = st.lists(st.tuples(st.text(), st.text(), st.none() | st.integers()), unique_by=lambda row: row[:2])


@pytest.mark.parametrize("run_rows", [1, 3, 1000])
@given(rows=ROWS)
def test_rows_come_out_in_order_however_many_fit_into_memory(run_rows, rows):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(spool, "RUN_ROWS", run_rows)
        spooled = Spool(folder)
        for row in rows:
            spooled.add(row)
        assert spooled.count == len(rows)
        assert [tuple(row) for row in spooled] == sorted(rows, key=lambda row: row[:2])
