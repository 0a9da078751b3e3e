from pathlib import Path

from models.research.lib.cache_folder import cache_folder


def test_a_folder_that_was_given_stays(tmp_path: Path) -> None:
    with cache_folder(tmp_path) as cache:
        assert cache == tmp_path
    assert tmp_path.is_dir()


def test_without_one_what_was_kept_goes_at_the_end() -> None:
    with cache_folder(None) as cache:
        (cache / "days").mkdir()
    assert not cache.exists()
