"""The history that is installed with Dashtam: complete, loaded once, and never over what is held."""

import zipfile
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from providers.errors import ProviderUnreadable
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from providers.rates.published import FIRST_DAY, history_file, read_history

pytestmark = pytest.mark.django_db


def packed(folder: Path, lines: str) -> Path:
    """A history of these lines, packed as the ECB packs it."""
    with zipfile.ZipFile(folder / "history.zip", "w") as archive:
        archive.writestr("eurofxref-hist.csv", lines)
    return folder / "history.zip"


def load(**options: int) -> str:
    said = StringIO()
    call_command("load_exchange_rates", stdout=said, **options)
    return said.getvalue()


def test_t01_the_installed_history_is_loaded_whole_and_only_once() -> None:
    load(years=1)
    assert max(ExchangeRate.objects.days()).year - min(ExchangeRate.objects.days()).year <= 1
    assert "the newest are of" in load()
    held = ExchangeRate.objects.count()
    assert held > 200_000
    assert min(ExchangeRate.objects.days()) == FIRST_DAY
    rates = dict(ExchangeRate.objects.filter(day=date(2026, 10, 30)).values_list("currency", "per_euro"))
    assert (rates["USD"], rates["ILS"], rates["JPY"]) == (
        Decimal("1.1172"),
        Decimal("3.495"),
        Decimal("175.68"),
    )
    assert "RUB" not in rates
    ExchangeRate.objects.filter(day__year=2020).delete()
    assert ExchangeRate.objects.count() < held
    load()
    assert ExchangeRate.objects.count() == held
    assert load().startswith("0 exchange rates added")


def test_t01_a_rate_that_is_held_is_never_changed() -> None:
    day = date(2026, 10, 30)
    ExchangeRate.objects.add_missing([EuroRate(day, "USD", Decimal("1.5"))])
    again = [EuroRate(day, "USD", Decimal("9.9")), EuroRate(day, "JPY", Decimal(175))]
    assert ExchangeRate.objects.add_missing(again) == 1
    assert ExchangeRate.objects.get(day=day, currency="USD").per_euro == Decimal("1.5")


def test_t01_history_is_read_newest_first_and_without_the_days_that_are_known(tmp_path: Path) -> None:
    file = packed(tmp_path, "Date,USD,RUB,\n2022-03-02,1.1106,N/A,\n2022-03-01,1.1162,117.2010,\n")
    (part,) = read_history(set(), file)
    assert [(rate.day.day, rate.currency, str(rate.per_euro)) for rate in part] == [
        (2, "USD", "1.1106"),
        (1, "USD", "1.1162"),
        (1, "RUB", "117.2010"),
    ]
    (part,) = read_history({date(2022, 3, 2)}, file)
    assert {rate.day.day for rate in part} == {1}
    assert list(read_history({date(2022, 3, 2), date(2022, 3, 1)}, file)) == []


@pytest.mark.parametrize("text", ["0", "-1.5", "1e5", "NaN", "Infinity", "1.123456789", "99999999999"])
def test_t01_a_history_with_a_number_that_is_no_rate_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises((ValueError, ProviderUnreadable)):
        list(read_history(set(), packed(tmp_path, f"Date,USD,\n2022-03-02,{text},\n")))


def test_t01_the_history_is_found_where_it_is_installed() -> None:
    assert history_file().is_file()
