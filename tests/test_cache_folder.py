"""The folder of the cache, and what is in it beside the results."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from attnlint.cache import Cache

RESULTS = "results-1.sqlite"


class TestFolder:
    """What tells version control and backups to pass the folder over."""

    IGNORE, TAG = "*\n", "Signature: 8a477f597d28d172789f06886806bc55\n"

    def markers(self, folder: Path) -> list[str | None]:
        paths = [folder / ".gitignore", folder / "CACHEDIR.TAG"]
        return [path.read_text("utf-8") if path.exists() else None for path in paths]

    def keep(self, folder: Path) -> str | None:
        cache = Cache(folder)
        cache.keep({b"key": []})
        assert Cache(folder).found([b"key"]) == {b"key": []}
        return cache.complaint

    def test_a_full_disk_leaves_none_of_it_by_halves(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(file: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            assert self.keep(tmp_path / "cache") is None
        assert [path.name for path in (tmp_path / "cache").iterdir()] == [RESULTS]
        assert self.keep(tmp_path / "cache") is None
        assert self.markers(tmp_path / "cache") == [self.IGNORE, self.TAG]

    def test_what_a_full_disk_left_is_completed(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").touch()
        assert self.keep(tmp_path) is None
        assert self.markers(tmp_path) == [self.IGNORE, self.TAG]

    def test_what_somebody_wrote_stays(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").write_text("!*\n")
        assert self.keep(tmp_path) is None
        assert self.markers(tmp_path) == ["!*\n", self.TAG]

    def test_a_folder_of_other_things_is_not_marked(self, tmp_path: Path) -> None:
        (tmp_path / "model.py").write_text("x = 1\n")
        assert self.keep(tmp_path) is None
        assert self.markers(tmp_path) == [None, None]

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
    def test_nothing_is_written_through_a_link(self, tmp_path: Path) -> None:
        folder, other = tmp_path / "cache", tmp_path / "other"
        folder.mkdir()
        other.touch()
        (folder / ".gitignore").symlink_to(other)
        assert self.keep(folder) is None
        assert other.read_text() == ""
