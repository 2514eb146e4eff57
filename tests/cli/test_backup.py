"""`box backup`: destinations are marked, and shown with what is on them, present or not."""

from __future__ import annotations

import shutil


def test_a_folder_is_marked_backed_up_to_and_shown_even_when_it_is_away(make_box, photo, tmp_path):
    copies = tmp_path / "copies"
    copies.mkdir()
    box = make_box(backup__destination=str(copies), backup__free_bytes_min=0)
    assert box("once").returncode == 0
    refused = box("backup", "init", str(copies))
    assert refused.returncode == 2 and "--folder" in refused.stderr
    (row,) = box.json("backup")
    assert (row["destination"], row["present"], row["state"], row["uuid"]) == (str(copies), False, "waiting", None)
    marked = box.json("backup", "init", str(copies), "--folder", "--portable")
    assert marked["kind"] == "folder" and marked["portable"]
    (row,) = box.json("backup", "list")
    assert (row["uuid"], row["present"], row["state"]) == (marked["uuid"], True, "waiting")
    shutil.copy(photo, box.inbox)
    assert box("once").returncode == 0
    assert box("do", "backup").returncode == 0
    assert box("once").returncode == 0
    (row,) = box.json("backup")
    assert (row["state"], row["missing"], row["verified"], row["present"]) == ("done", 0, 0, True)
    assert row["files"] >= 3, "the photo, the settings and the database"
    assert box.json("status")["backup"]["state"] == "done"
    copies.rename(tmp_path / "away")
    (gone,) = box.json("backup")
    assert (gone["present"], gone["free_bytes"], gone["files"]) == (False, None, row["files"])
    shown = box("backup")
    assert shown.stdout.splitlines()[0].split()[:3] == ["destination", "present", "state"]
    assert str(copies) in shown.stderr


def test_a_backup_that_stopped_is_a_problem_until_one_has_finished(make_box, tmp_path):
    copies = tmp_path / "copies"
    box = make_box(backup__destination=str(copies), backup__free_bytes_min=0)
    assert box("once").returncode == 0
    box("do", "backup")
    assert box("once").returncode == 1
    told = box.json("status")
    assert [problem["code"] for problem in told["problems"]] == ["backup-away"]
    assert (told["backup"]["state"], told["backup"]["destination"]) == ("stopped", str(copies))
    copies.mkdir()
    box("backup", "init", str(copies), "--folder")
    box("do", "backup")
    assert box("once").returncode == 0
    told = box.json("status")
    assert told["problems"] == [] and told["backup"]["state"] == "done"
    assert told["backup"]["destinations"][0]["files_missing"] == 0
    assert "box_backup_missing_files 0\n" in (box.root / "metrics.prom").read_text()
    assert [row["kind"] for row in box.json("periodic")] == [
        "compact",
        "clean-temp",
        "empty-trash",
        "claims",
        "backup",
        "verify-backup",
        "feeds",
    ]
