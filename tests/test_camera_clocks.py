"""Clocks of cameras: the status names the camera and counts its photos, as long as there are any."""

from __future__ import annotations

from dataclasses import replace

from box import service
from box.events import Event, FileMoved, FileVanished, PhotoFiled
from box.models import camera_clocks
from tests.helpers import status_of


def filed(name: str, doubt: str = "factory-date", user: str = "me", model: str = "HC500 HYPERFIRE") -> PhotoFiled:
    return PhotoFiled(
        user=user, source="", path=f"users/{user}/photos/undated/{name}", size=1, mtime_ns=1, digest="d",
        media_type="image/jpeg", width=1, height=1, make="RECONYX", model=model, doubt=doubt,
    )  # fmt: skip


def test_the_status_names_the_camera_and_what_to_do(make_root):
    config = make_root("me", "ann")
    made = service.build(config)

    def problems(*events: Event) -> list[str]:
        made.engine.record(*events)
        made.write_status()
        return [p["message"] for p in status_of(config)["problems"] if p["code"] == "camera-clock"]

    try:
        assert problems(filed("fine.jpg", "")) == []
        (told,) = problems(filed("a.jpg"), filed("b.jpg", "future"), filed("c.jpg", user="ann"))
        assert told.startswith("The clock of RECONYX HC500 HYPERFIRE was wrong: 3 of its photos bear a time")
        assert 'box do redate camera="RECONYX HC500 HYPERFIRE" shift="' in told
        assert [(c.user, c.doubt, c.photos) for c in camera_clocks.all_of(made.store)] == [
            ("ann", "factory-date", 1), ("me", "factory-date", 1), ("me", "future", 1)
        ]  # fmt: skip
        assert len(problems(filed("d.jpg", model="RECONYX PC800"))) == 2
        (told,) = problems(
            filed("d.jpg", "", model="RECONYX PC800"),  # read again, and believed
            FileVanished(user="ann", path="users/ann/photos/undated/c.jpg"),
            FileMoved(
                user="me", source="users/me/photos/undated/a.jpg", path="users/me/photos/2024/a.jpg", size=1, mtime_ns=1
            ),
        )
        assert ": 2 of its photos" in told, "a photo that moved is as doubtful as it was"
        over = FileMoved(
            user="me", source="users/me/photos/undated/b.jpg", path="users/me/photos/2024/a.jpg", size=1, mtime_ns=1
        )
        assert ": 1 of its photos" in problems(over)[0]
        assert problems(FileVanished(user="me", path="users/me/photos/2024/a.jpg")) == []
        (told,) = problems(replace(filed("e.jpg", model=""), make=""))
        assert told.startswith("The clock of an unknown camera was wrong: 1 of") and told.endswith("under undated/.")
    finally:
        made.stop()
