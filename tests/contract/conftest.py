"""The contract's asserts explain themselves, although they stand in src."""

import pytest

pytest.register_assert_rewrite("hato.store.contract")
