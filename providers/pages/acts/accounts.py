"""The settings of an account, and its deletion."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import FORM_METHODS, form_page, see_other
from dashtam.errors import DashtamError
from dashtam.web.rendering import rendered
from providers import wiring
from providers.ledger import queries as ledger_queries
from providers.ledger.by_hand import NewAccount, noted
from providers.ledger.queries.contents import account_contents
from providers.pages.acts.forms import AccountSettings, NewAccountByHand, NotedBalance
from providers.pages.presentation.erasing import account_deletion
from providers.pages.ranges import today


@require_http_methods(FORM_METHODS)
@signed_in
async def settings(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Rename an account, hide it, leave it out of net worth, or close it."""
    user_id = request.principal.user_id
    account = await ledger_queries.account(user_id, id)
    form = AccountSettings(*((request.POST,) if request.method == "POST" else ()), account=account)
    if form.is_valid():
        try:
            await wiring.account_service().change(user_id=user_id, account_id=id, changes=form.changes)
        except DashtamError as error:
            form.take(error)
        else:
            messages.success(request, "Saved.")
            return see_other(reverse("account", args=[id]))
    return await form_page(request, "providers/account_settings.html", form, account=account)


@require_http_methods(FORM_METHODS)
@signed_in
async def new(request: SignedInRequest) -> HttpResponse:
    """Open an account that its person keeps by hand."""
    principal = request.principal
    first = {"currency": principal.base_currency, "date": today(principal.time_zone), "type": "other"}
    form = NewAccountByHand(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        given = form.cleaned_data
        try:
            balance = noted(given.pop("balance"), given.pop("date"))
            account_id = await wiring.account_service().open(
                user_id=principal.user_id, new=NewAccount(**given), noted=balance
            )
        except DashtamError as error:
            form.take(error)
        else:
            messages.success(request, f"{given['name']} is in your accounts.")
            return see_other(reverse("account", args=[account_id]))
    return await form_page(request, "providers/account_new.html", form)


@require_http_methods(FORM_METHODS)
@signed_in
async def balance(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Write down the balance of such an account."""
    user_id = request.principal.user_id
    account = await ledger_queries.account(user_id, id)
    first = {"date": today(request.principal.time_zone)}
    form = NotedBalance(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        given = form.cleaned_data
        try:
            await wiring.account_service().note_balance(
                user_id=user_id, account_id=id, noted=noted(given["balance"], given["date"])
            )
        except DashtamError as error:
            form.take(error)
        else:
            messages.success(request, "The balance is saved.")
            return see_other(reverse("account", args=[id]))
    return await form_page(request, "providers/account_balance.html", form, account=account)


@require_http_methods(FORM_METHODS)
@fresh
async def delete(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Ask for confirmation, then delete the account with its data."""
    user_id = request.principal.user_id
    account = await ledger_queries.account(user_id, id)
    if request.method == "POST":
        await wiring.account_service().delete(user_id=user_id, account_id=id)
        messages.success(request, f"{account['name']} is deleted, with everything in it.")
        return see_other("dashboard")
    question = account_deletion(account, await account_contents(user_id, id))
    back = reverse("account", args=[id])
    context = {"question": question, "back_url": back, "back_label": account["name"]}
    return await rendered(request, "providers/erase.html", context)
