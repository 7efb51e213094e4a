"""Builds the services of providers; settings are read at call time."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
from django.conf import settings

from accounts.wiring import auth_service, base_currency_service
from dashtam.cache import cache
from dashtam.wiring import encryption_service
from notifications.wiring import live_event_service
from providers import connectors
from providers.connections.call_meter import CallMeter
from providers.connections.catalogue.institution_service import InstitutionService
from providers.connections.connection_service import ConnectionService
from providers.connections.consent_service import ConsentService
from providers.connections.models import Connection
from providers.connections.outgoing import require_outgoing
from providers.connections.spool import TokenSpool
from providers.connections.token_service import TokenService
from providers.connectors.base import Connector
from providers.connectors.contract.reach import opened
from providers.imports.arriving.preview_service import PreviewService
from providers.imports.import_service import ImportService
from providers.imports.intake.intake_service import FileIntakeService
from providers.imports.undo_service import ImportUndoService
from providers.ledger.account_service import AccountService
from providers.ledger.queries import currencies
from providers.ledger.review.review_service import ReviewService
from providers.ledger.review.transaction_service import TransactionService
from providers.rates.published import read_history
from providers.rates.rate_service import RateService
from providers.sync.sync_service import SyncService
from providers.sync.webhook_service import WebhookService
from providers.wire import http
from providers.wire.connection_auth import ConnectionAuth

logger = logging.getLogger(__name__)


def token_spool() -> TokenSpool:
    """Keeps refreshed tokens while the database is away."""
    return TokenSpool(encryption=encryption_service(), folder=settings.SPOOL)


async def replay_token_spool() -> None:
    """Store the tokens that wait in the spool: upkeep of web and worker."""
    if count := await token_spool().replay():
        logger.warning("%d refreshed tokens that had waited in the spool were stored.", count)


def token_service() -> TokenService:
    """Keeps access tokens fresh."""
    return TokenService(
        encryption=encryption_service(), live_events=live_event_service(), spool=token_spool()
    )


def consent_service() -> ConsentService:
    """Ends and revokes consents."""
    return ConsentService(encryption=encryption_service(), live_events=live_event_service())


def connection_service() -> ConnectionService:
    """Links people to institutions."""
    return ConnectionService(
        encryption=encryption_service(),
        live_events=live_event_service(),
        cache=cache(),
        public_url=settings.PUBLIC_URL,
        request_sync=sync_service().request_sync,
    )


def institution_service() -> InstitutionService:
    """Finds institutions behind aggregators."""
    return InstitutionService(cache=cache())


@asynccontextmanager
async def connector_client(
    connection: Connection, connector: Connector, *, by_hand: bool = True
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is authorised for this connection, and reaches its provider only. Raises OutgoingPaused.

    Its calls are counted where the institution has quotas; those that are not `by_hand` leave some of them.
    """
    await require_outgoing()
    grants = token_service()
    auth = ConnectionAuth(
        grants=grants,
        connection_id=connection.id,
        placement=connector.placement,
        own=connector.own_secrets,
        meter=CallMeter(connection=connection, connector=connector, by_hand=by_hand),
    )
    base_url = await grants.origin(connection_id=connection.id) or connector.base_url
    async with opened(connector, base_url, auth) as client:
        yield client


def sync_service() -> SyncService:
    """Queues and carries out syncs."""
    return SyncService(
        connector=connectors.get,
        open_client=connector_client,
        live_events=live_event_service(),
        interval=timedelta(minutes=settings.SYNC_INTERVAL_MINUTES),
        first_accounts=propose_base_currency,
    )


def webhook_service() -> WebhookService:
    """Hears institutions that say that something is new."""
    return WebhookService(connector=connectors.get, request_sync=sync_service().request_sync)


def import_service() -> ImportService:
    """Imports statement files."""
    return ImportService(
        encryption=encryption_service(),
        live_events=live_event_service(),
        first_accounts=propose_base_currency,
        moment_seconds=settings.IMPORT_MOMENT_SECONDS,
    )


def preview_service() -> PreviewService:
    """Shows tables before they are imported."""
    return PreviewService(imports=import_service())


def intake_service() -> FileIntakeService:
    """Brings in statement files that lie on the machine."""
    folder = Path(settings.IMPORT_FOLDER) if settings.IMPORT_FOLDER else None
    return FileIntakeService(imports=import_service(), folder=folder, find_person=_person)


async def _person(email: str) -> UUID | None:
    user = await auth_service().get_user_by_email(email=email)
    return user.id if user else None


def import_undo_service() -> ImportUndoService:
    """Takes imported files back."""
    return ImportUndoService(live_events=live_event_service())


def account_service() -> AccountService:
    """Opens, changes and deletes accounts for their people."""
    return AccountService(
        live_events=live_event_service(), cache=cache(), first_accounts=propose_base_currency
    )


def transaction_service() -> TransactionService:
    """Takes people's own words about transactions."""
    return TransactionService(live_events=live_event_service())


def review_service() -> ReviewService:
    """Takes people's answers to questions about accounts and rows."""
    return ReviewService(live_events=live_event_service())


async def propose_base_currency(user_id: UUID) -> None:
    """Show the person's totals in the currency of their first account, unless they have chosen one."""
    await base_currency_service().propose(user_id=user_id, currencies=await currencies(user_id))


def rate_service() -> RateService:
    """Keeps the exchange rates fresh."""
    url = settings.ECB_URL
    return RateService(history=read_history, client=lambda: http.client(url), cache=cache(), url=url)
