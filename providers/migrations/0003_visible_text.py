"""Takes invisible characters and controls out of texts that were stored before they were cleaned on the way in."""

from typing import Any

from django.db import migrations

from dashtam.plain_text import visible

AT_ONCE = 2000
TEXTS = {
    "Transaction": ("description", "kind", "source_code", "category"),
    "FinancialAccount": ("name", "mask", "subtype"),
    "Security": ("symbol", "name", "type", "cusip", "isin"),
}
NOT_PLAIN_ASCII = "[^ -~]"


def clean(apps: Any, schema_editor: Any, at_once: int = AT_ONCE) -> None:
    """In parts, each committed by itself; run again after a stop, it goes on where something is left."""
    for name, columns in TEXTS.items():
        rows = apps.get_model("providers", name).objects.using(schema_editor.connection.alias)
        for column in columns:
            _clean_column(rows.filter(**{f"{column}__regex": NOT_PLAIN_ASCII}).order_by("pk"), rows, column, at_once)


def _clean_column(found: Any, rows: Any, column: str, at_once: int) -> None:
    after: Any = None
    while part := list((found if after is None else found.filter(pk__gt=after)).only("pk", column)[:at_once]):
        after = part[-1].pk
        changed = []
        for row in part:
            shown = visible(getattr(row, column))
            if shown != getattr(row, column):
                setattr(row, column, shown)
                changed.append(row)
        rows.bulk_update(changed, [column], batch_size=500)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("providers", "0002_exchange_rates")]
    operations = [migrations.RunPython(clean, migrations.RunPython.noop, elidable=True)]
