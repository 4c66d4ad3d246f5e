"""Staged octets: what is seen in them, however they are cut into chunks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.core.limits import SPOOL_MEMORY_OCTETS
from hato.store.embedded.staging import EmbeddedStaged, Inspection
from hato.store.model import Traits

TROUBLE = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"\r\n.", b"a", b"\0", b"\xe3"]), max_size=40
)


def dots_of(octets: bytes) -> list[int]:
    """Return, the slow and sure way, where dots begin a line."""
    joined = b"\r\n" + octets
    return [at for at in range(len(octets)) if joined[at : at + 3] == b"\r\n."]


@given(st.lists(TROUBLE.map(b"".join), max_size=8))
def test_dots_and_traits_do_not_depend_on_chunks(chunks: list[bytes]) -> None:
    inspection = Inspection()
    for chunk in chunks:
        inspection.look_at(chunk)
    octets = b"".join(chunks)
    bare = octets.replace(b"\r\n", b"")
    assert list(inspection.dots) == dots_of(octets)
    assert bool(inspection.traits & Traits.BARE_CR_OR_LF) == (b"\r" in bare or b"\n" in bare)
    assert bool(inspection.traits & Traits.HAS_NUL) == (b"\0" in octets)
    assert bool(inspection.traits & Traits.HAS_8BIT) == (b"\xe3" in octets)
    assert inspection.size_octets == len(octets)


def test_very_many_dots_are_not_recorded() -> None:
    inspection = Inspection()
    inspection.look_at(b".\r\n" * 1_000)
    assert inspection.is_dense
    assert not inspection.dots


async def staged_of(folder: Path, octets: bytes, chunk_octets: int = 50_000) -> EmbeddedStaged:
    staged = EmbeddedStaged(str(folder))
    for start in range(0, len(octets), chunk_octets):
        await staged.write(octets[start : start + chunk_octets])
    await staged.seal()
    return staged


@pytest.mark.parametrize("size", [0, 1, SPOOL_MEMORY_OCTETS, SPOOL_MEMORY_OCTETS + 1, 1_000_000])
async def test_what_comes_in_comes_back(tmp_path: Path, size: int) -> None:
    octets = (b"0123456789abcde\r" * (size // 16 + 1))[:size]
    staged = await staged_of(tmp_path, octets)
    assert staged.size_octets == size
    assert await staged.read(0, size + 5) == octets
    assert await staged.read(size // 2, size // 2 + 7) == octets[size // 2 : size // 2 + 7]


async def test_few_octets_stay_in_memory_and_many_leave_no_name(tmp_path: Path) -> None:
    few = await staged_of(tmp_path, bytes(SPOOL_MEMORY_OCTETS))
    many = await staged_of(tmp_path, bytes(SPOOL_MEMORY_OCTETS + 1))
    assert few.memory is not None
    assert many.memory is None
    assert many.file is not None
    assert list(tmp_path.iterdir()) == []


async def test_equal_octets_have_equal_checksums(tmp_path: Path) -> None:
    octets = b"x" * 700_000
    first, second = await staged_of(tmp_path, octets), await staged_of(tmp_path, octets, 1_000)
    assert first.checksum == second.checksum != (await staged_of(tmp_path, octets[1:])).checksum


@pytest.mark.parametrize("rest", [b"", b"body", b"x" * 600_000])
async def test_the_head_ends_with_the_empty_line(tmp_path: Path, rest: bytes) -> None:
    assert (await staged_of(tmp_path, b"A: b\r\n\r\n" + rest)).head() == b"A: b\r\n\r\n"
    assert (await staged_of(tmp_path, b"\r\n" + rest)).head() == b"\r\n"


async def test_a_head_without_end_is_cut(tmp_path: Path) -> None:
    assert (await staged_of(tmp_path, b"A: b")).head() == b"A: b"
    assert len((await staged_of(tmp_path, b"A" * 600_000)).head()) == 262_144


async def test_discarding_twice_is_harmless(tmp_path: Path) -> None:
    staged = await staged_of(tmp_path, bytes(600_000))
    staged.discard()
    staged.discard()
    assert staged.file is None
