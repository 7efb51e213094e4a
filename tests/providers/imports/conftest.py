"""Files brought in by Ana."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from providers import wiring
from providers.imports.models import FileImport

FILES = Path(__file__).parents[1] / "formats" / "ofx" / "files"
Bring = Callable[..., Coroutine[Any, Any, FileImport]]


@pytest.fixture
def bring(ana: User) -> Bring:
    """Import a file for Ana."""

    async def do(
        data: bytes | str,
        account_id: Any = None,
        user: User = ana,
        filename: str = "a.ofx",
        **chosen: Any,
    ) -> FileImport:
        if isinstance(data, str):
            data = (FILES / data).read_bytes()
        return await wiring.import_service().import_statement(
            user_id=user.id, filename=filename, data=data, account_id=account_id, **chosen
        )

    return do
