"""Daily life: salary, rent, bills, shopping, savings, the card and the mortgage."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from providers.simulator.books.customers import Account, Habits, Kind
from providers.simulator.books.dice import Dice
from providers.simulator.books.entries import Book, Hold, business_day, money, next_month
from providers.simulator.books.merchants import (
    CARD,
    DEBIT,
    HOTEL,
    LEGAL_BILL,
    SUBSCRIPTIONS,
    UTILITIES,
    Merchant,
)

SAVINGS_RATE = Decimal("0.0310")
MORTGAGE_RATE = Decimal("0.0420")
CENT = Decimal("0.01")


def live(book: Book) -> None:
    """Write everything but the investing into the book, in order: later steps read earlier balances."""
    habits = book.customer.habits
    checking = book.customer.account(Kind.CHECKING)
    if habits is None or checking is None:
        return
    for first in book.months():
        _income_and_housing(book, checking, habits, first)
        _bills(book, checking, first)
    for day in book.days():
        _debit_shopping(book, checking, day)
    _card(book, checking, habits)
    _savings(book, checking, habits)
    _mortgage(book, checking, habits)
    if brokerage := book.customer.account(Kind.BROKERAGE):
        for first in book.months():
            day = business_day(first.replace(day=17))
            book.transfer(checking, brokerage, day, money(habits.to_brokerage), "TRANSFER", "investing")


def _income_and_housing(book: Book, checking: Account, habits: Habits, first: date) -> None:
    month_end = next_month(first) - timedelta(days=1)
    for payday in (first.replace(day=15), month_end):
        day = payday - timedelta(days=max(0, payday.weekday() - 4))  # the Friday before a weekend
        text = f"{habits.employer} payroll"
        book.add(checking, day, "salary", money(habits.salary), text, "DIRECT_DEPOSIT", "INCOME")
    rent = f"{habits.landlord} rent"
    book.add(checking, business_day(first), "rent", -money(habits.rent), rent, "BILL_PAYMENT", "HOUSING")


def _bills(book: Book, checking: Account, first: date) -> None:
    for number, merchant in UTILITIES:
        day = business_day(first.replace(day=number))
        cents = Dice("bill", checking.id, day, merchant.name).between(merchant.low, merchant.high)
        name = merchant.name
        book.add(checking, day, name, -money(cents), name, "BILL_PAYMENT", merchant.category)
    if first.month % 3 == 1:
        day = business_day(first.replace(day=11))
        book.add(checking, day, "legal", -money(18_500), LEGAL_BILL, "BILL_PAYMENT", "SERVICES")


def _debit_shopping(book: Book, checking: Account, day: date) -> None:
    dice = Dice("debit", checking.id, day)
    if dice.one_in(2):
        merchant = dice.pick(DEBIT)
        amount = -money(dice.between(merchant.low, merchant.high))
        hold = Hold(dice.between(1, 2))
        book.add(checking, day, "debit", amount, merchant.name, "CARD_PURCHASE", merchant.category, hold=hold)
    if dice.one_in(16):
        amount = money(dice.between(2, 8) * 2_000)
        book.add(checking, day, "atm", -amount, "Cash machine, Lantern Square", "ATM", "CASH")


def _card(book: Book, checking: Account, habits: Habits) -> None:
    card = book.customer.account(Kind.CREDIT_CARD)
    if card is None:
        return
    for day in book.days():
        dice = Dice("card", card.id, day)
        for number in range(dice.pick(habits.purchases)):
            _purchase(book, card, day, f"purchase{number}", dice)
        if dice.one_in(90):
            amount, hold = -money(dice.between(HOTEL.low, HOTEL.high)), Hold(days=4, lapses=True)
            book.add(card, day, "hold", amount, HOTEL.name, "CARD_PURCHASE", HOTEL.category, hold=hold)
        for number, merchant in SUBSCRIPTIONS:
            if day.day == number:
                _subscription(book, card, day, merchant)
    for first in book.months():
        _pay_the_card(book, card, checking, first)


def _purchase(book: Book, card: Account, day: date, slot: str, dice: Dice) -> None:
    merchant = dice.pick(CARD)
    cents, days, held = dice.between(merchant.low, merchant.high), dice.between(1, 3), None
    text, category = merchant.name, merchant.category
    if category == "RESTAURANT":  # held without the tip
        held = -money(cents)
        cents += cents * dice.between(10, 20) // 100
    elif category == "FUEL":  # the pump asks for one unit before it knows the price
        held = -money(100)
    # At times the card network's wording comes first, and the shop's name days later.
    raw = f"SQ *{text.upper()} {dice.between(1000, 9999)}" if dice.one_in(12) else ""
    hold = Hold(days, held)
    book.add(card, day, slot, -money(cents), text, "CARD_PURCHASE", category, hold=hold, raw=raw)
    if category == "SHOPPING" and dice.one_in(6):
        refund_day = day + timedelta(days=dice.between(4, 9))
        book.add(card, refund_day, f"refund {day} {slot}", money(cents), text, "REFUND", category)


def _subscription(book: Book, card: Account, day: date, merchant: Merchant) -> None:
    name, amount = merchant.name, -money(merchant.low)
    book.add(card, day, name, amount, name, "CARD_PURCHASE", merchant.category, hold=Hold(days=1))


def _pay_the_card(book: Book, card: Account, checking: Account, first: date) -> None:
    """Pay on the 24th the balance of the statement that closes on the 18th."""
    close, day = first.replace(day=18), business_day(first.replace(day=24))
    owed = card.opening - book.posted_until(card, close)
    if book.start <= close and owed > 0:
        book.transfer(checking, card, day, owed, "CARD_PAYMENT", "card payment")


def _savings(book: Book, checking: Account, habits: Habits) -> None:
    savings = book.customer.account(Kind.SAVINGS)
    if savings is None:
        return
    for first in book.months():
        if habits.to_savings:
            day = business_day(first.replace(day=16))
            book.transfer(checking, savings, day, money(habits.to_savings), "TRANSFER", "saving")
        month_end = next_month(first) - timedelta(days=1)
        interest = _month_of(savings.opening + book.posted_until(savings, month_end), SAVINGS_RATE)
        book.add(savings, month_end, "interest", interest, "Interest earned", "INTEREST", "INTEREST")


def _mortgage(book: Book, checking: Account, habits: Habits) -> None:
    loan = book.customer.account(Kind.MORTGAGE)
    if loan is None:
        return
    for first in book.months():
        day = business_day(first.replace(day=3))
        interest = _month_of(loan.opening - book.posted_until(loan, day), MORTGAGE_RATE)
        payment = money(habits.mortgage_payment)
        book.transfer(checking, loan, day, payment, "MORTGAGE_PAYMENT", "mortgage payment")
        book.add(loan, day, "interest", -interest, "Interest charged", "INTEREST", "INTEREST")


def _month_of(balance: Decimal, rate: Decimal) -> Decimal:
    return (balance * rate / 12).quantize(CENT, ROUND_HALF_UP)
