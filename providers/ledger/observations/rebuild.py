"""The ledger rebuilt from observations, decisions and edits: the same rows under the same ids."""

from uuid import UUID

from django.db import transaction

from providers.ledger.adoption import adopt
from providers.ledger.identity.records import State, Status
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations import projection
from providers.ledger.observations.models import Observation

_PART = 5000


@transaction.atomic
def rebuild(account: FinancialAccount) -> int:
    """Write the account's transactions anew, with those that nothing was observed of; returns how many there are."""
    account = FinancialAccount.objects.select_for_update(no_key=True).get(id=account.id)
    adopt(account, again=True)
    observed = Observation.objects.filter(source__account=account)
    shown, last = 0, UUID(int=0)
    events = observed.order_by("event").values_list("event", flat=True).distinct()
    while part := list(events.filter(event__gt=last)[:_PART]):
        shown += len(projection.project(account, part).after)
        last = part[-1]
    return shown


def strays(account: FinancialAccount) -> int:
    """The number of transactions that no observation tells of."""
    told = Observation.objects.filter(
        source__account=account, state=State.LIVE, status__gt=Status.SCHEDULED
    ).values("event")
    return Transaction.objects.filter(account=account).exclude(id__in=told).count()
