"""What a trace says of what is on the disk."""

from __future__ import annotations

import random
from pathlib import Path

from tests.model.power import cut_the_power, durable_lengths

_WRITE = '9 {at} pwritev2(7</d/000001.log>, [{{iov_base=""..., iov_len=9}}], 1, {offset}, 0) = 9\n'
_LOG = "/d/000001.log"


def _written(at: float, offset: int) -> str:
    return _WRITE.format(at=at, offset=offset)


def test_what_was_written_before_a_sync_is_durable() -> None:
    trace = _written(1.0, 0) + "9 2.0 fdatasync(7</d/000001.log>) = 0\n" + _written(3.0, 9)
    assert durable_lengths([trace], {}) == {_LOG: 9}


def test_what_nobody_synced_is_not() -> None:
    assert durable_lengths([_written(1.0, 100)], {}) == {_LOG: 0}
    assert durable_lengths([_written(1.0, 100)], {_LOG: 100}) == {_LOG: 100}
    failed = "9 2.0 fdatasync(7</d/000001.log>) = -1 EIO (Input/output error)\n"
    assert durable_lengths([_written(1.0, 100) + failed], {_LOG: 100}) == {_LOG: 100}
    elsewhere = "9 2.0 fdatasync(7</d/000002.log>) = 0\n"
    assert durable_lengths([_written(1.0, 100) + elsewhere], {_LOG: 100})[_LOG] == 100


def test_one_process_makes_durable_what_another_wrote() -> None:
    synced = "8 2.0 fdatasync(5</d/000001.log>) = 0\n"
    assert durable_lengths([_written(1.0, 0), synced], {}) == {_LOG: 9}


def test_a_sync_counts_from_when_it_began_and_only_if_it_ended() -> None:
    begun = "8 2.0 fdatasync(5</d/000001.log> <unfinished ...>\n"
    ended = "8 4.0 <... fdatasync resumed>)           = 0\n"
    written = _written(1.0, 0) + begun + _written(3.0, 9)
    assert durable_lengths([written], {}) == {_LOG: 0}
    assert durable_lengths([written + ended], {}) == {_LOG: 9}


def test_a_write_that_nobody_saw_end_may_be_durable() -> None:
    begun = '9 1.0 pwrite64(7</d/000001.log>, ""..., 9, 40 <unfinished ...>\n'
    synced = "8 2.0 fdatasync(5</d/000001.log>) = 0\n"
    assert durable_lengths([begun, synced], {})[_LOG] > 49


def test_the_rest_may_be_lost_and_what_is_durable_stays(tmp_path: Path) -> None:
    folder = tmp_path / "accounts" / "a"
    folder.mkdir(parents=True)
    safe, torn = folder / "000001.log", folder / "000002.log"
    for seed in range(30):
        safe.write_bytes(b"x" * 50)
        torn.write_bytes(b"x" * 50)
        cut_the_power(tmp_path, {str(safe): 50, str(torn): 20}, random.Random(seed))
        assert safe.read_bytes() == b"x" * 50
        assert torn.read_bytes()[:20] == b"x" * 20
        assert torn.read_bytes() != b"x" * 50
