"""Tables that are shown before they land, and what their person says of them."""

import pytest

pytestmark = pytest.mark.django_db
