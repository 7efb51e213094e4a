"""Programs, as the tests of accounts have them."""

from tests.accounts.conftest import _quick_hashes, api, make_user

__all__ = ["_quick_hashes", "api", "make_user"]
