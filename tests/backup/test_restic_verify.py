from __future__ import annotations

import os

import pytest

from box.backup.destination import BackupAway
from box.backup.restic import RepositoryDamaged
from box.errors import UsageError
from box.models import backups
from tests.backup.repositories import Repository

PATH = "users/me/photos/2024/2024-05-01/a.jpg"


def packs(repository: Repository) -> list[os.PathLike[str]]:
    """The files that hold the data, the largest first."""
    found = [each for each in (repository.path / "data").rglob("*") if each.is_file()]
    return sorted(found, key=lambda each: -each.stat().st_size)


def flip(repository: Repository) -> None:
    """One byte of the data is another one; done again, it is what it was."""
    pack = packs(repository)[0]
    pack.chmod(0o600)
    with open(pack, "r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))


def test_reading_all_verifies_what_is_in_the_last_snapshot(repository):
    repository.work("backup")
    told = repository.work("verify-backup")
    files = len(repository.library.sources())  # one of them is a part of Box's own, but there is the database
    assert (told["parts"], told["of"], told["files"], told["repaired"]) == (30, 30, files, 0)
    assert repository.work("verify-backup")["files"] == files, "all were read again"
    assert repository.state(PATH) == "verified"
    (state,) = backups.all_of(repository.library.store)
    assert state.verified_at and state.damaged == 0
    repository.library.put("notes/new.md")
    repository.work("backup")
    assert repository.state("users/me/notes/new.md") == "copied"
    assert repository.state(PATH) == "verified", "it has not changed"


def test_the_scrub_reads_a_part_a_day_and_verifies_what_came_before_all_parts_were_read(repository):
    repository.set(scrub_days=3)
    repository.work("backup")
    for _ in range(2):
        assert repository.work("verify-backup", scrub=True)["parts"] == 1
        assert repository.state(PATH) == "copied"
    repository.library.put("notes/new.md")
    repository.work("backup")
    assert repository.work("verify-backup", scrub=True)["files"] > 0
    assert (repository.state(PATH), repository.state("users/me/notes/new.md")) == ("verified", "copied")
    assert repository.work("verify-backup", percent=60)["parts"] == 2
    assert repository.state("users/me/notes/new.md") == "verified"


def test_a_damaged_repository_backs_up_nothing_until_the_same_part_is_read_well(repository):
    repository.set(scrub_days=1)
    repository.work("backup")
    repository.work("verify-backup")
    flip(repository)
    with pytest.raises(RepositoryDamaged, match="is damaged") as caught:
        repository.work("verify-backup", scrub=True)
    assert caught.value.code == "bitrot"
    (state,) = backups.all_of(repository.library.store)
    assert state.damaged > 0
    assert repository.state(PATH) == "none"
    repository.library.put("notes/new.md")
    repository.work("backup")
    assert repository.state("users/me/notes/new.md") == "none", "restic may have found its bytes in what is damaged"
    flip(repository)
    repository.work("verify-backup")
    assert (repository.state(PATH), repository.state("users/me/notes/new.md")) == ("verified", "verified")
    (state,) = backups.all_of(repository.library.store)
    assert state.damaged == 0


def test_a_repository_that_is_away_has_no_damage(repository, tmp_path):
    repository.work("backup")
    repository.path.rename(tmp_path / "aside")
    with pytest.raises(BackupAway):
        repository.work("verify-backup")
    assert repository.state(PATH) == "copied"


def test_how_much_is_read_is_said_once(repository):
    with pytest.raises(UsageError, match="scrub says how much"):
        repository.work("verify-backup", scrub=True, percent=10)
