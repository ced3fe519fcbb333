"""What the bank can be told while it runs: bookings, manners, faults, answers in the app.

Each command is one JSON object with the key ``do``; its answer is ``{"ok": value}`` or
``{"error": text}``. They come from the process that started the bank, never over the network.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from banking.testbank.bank import Bank
from banking.testbank.books import (
    Account,
    account_values,
    booking_values,
    read_account,
    read_booking,
)
from banking.testbank.dialogs import Approval, User, seal_pin
from banking.testbank.faults import read_rule
from banking.testbank.manners import Manners, change_manners, manners_values

Values: TypeAlias = Mapping[str, Any]

SAMPLE: Values = {
    "users": [
        {
            "name": "schule",
            "pin": "12345",
            "tan": "123456",
            "accounts": [{"number": "1234567890", "iban": "DE87123456781234567890"}],
        }
    ]
}
"""One made-up customer with an account without lines."""


def obey(bank: Bank, command: Values) -> dict[str, Any]:
    """Carry out one command."""
    values = dict(command)
    deed = _DEEDS.get(values.pop("do", ""))
    if deed is None:
        return {"error": f"no such command; there are {', '.join(sorted(_DEEDS))}"}
    with bank.lock:
        try:
            return {"ok": deed(bank, values)}
        except (KeyError, TypeError, ValueError) as trouble:
            return {"error": f"{type(trouble).__name__}: {trouble}"}


def _user(bank: Bank, values: Values) -> None:
    name = values["name"]
    accounts = [read_account(account) for account in values.get("accounts", ())]
    sealed = values.get("sealed_pin") or seal_pin(name, values["pin"])
    user = User(name, accounts, values.get("tan", "123456"), sealed, values.get("failures", 0))
    user.devices.update(values.get("devices", ()))
    user.trusted.update(values.get("trusted", ()))
    bank.users[name] = user
    bank.version += 1


def _pin(bank: Bank, values: Values) -> None:
    user = bank.users[values["user"]]
    user.sealed_pin, user.failures = seal_pin(user.name, values["pin"]), 0


def _book(bank: Bank, values: Values) -> list[int]:
    account = _account(bank, values)
    first = 1 + max((line.id for line in account.bookings), default=0)
    made = [
        read_booking({**line, "id": first + place}) for place, line in enumerate(values["bookings"])
    ]
    account.bookings += made
    return [line.id for line in made]


def _change(bank: Bank, values: Values) -> dict[str, Any]:
    return booking_values(_account(bank, values).change(values["id"], values["values"]))


def _remove(bank: Bank, values: Values) -> None:
    _account(bank, values).remove(values["id"])


def _manners(bank: Bank, values: Values) -> dict[str, Any]:
    changed = change_manners(bank.manners, values.get("values", {}))
    bank.version += changed != bank.manners
    bank.manners = changed
    return manners_values(changed)


def _fault(bank: Bank, values: Values) -> None:
    bank.faults.add(read_rule(dict(values)))


def _behave(bank: Bank, _values: Values) -> None:
    bank.faults.clear()


def _answer(bank: Bank, values: Values) -> int:
    waiting = _waiting(bank)
    for approval in waiting:
        approval.verdict = bool(values["approve"])
    return len(waiting)


def _expire(bank: Bank, _values: Values) -> int:
    waiting = _waiting(bank)
    for approval in waiting:
        approval.expired = True
    return len(waiting)


def _approvals(bank: Bank, _values: Values) -> list[dict[str, Any]]:
    return [
        {
            "reference": one.reference,
            "user": one.user,
            "what": one.what,
            "decoupled": one.decoupled,
        }
        for one in _waiting(bank)
    ]


def _forget(bank: Bank, values: Values) -> None:
    if values["what"] not in {"devices", "dialogs"}:
        raise ValueError("devices or dialogs can be forgotten")
    if values["what"] == "dialogs":
        bank.dialogs.clear()
        return
    for user in bank.users.values():
        user.devices.clear()
        user.trusted.clear()


def _unlock(bank: Bank, values: Values) -> None:
    bank.users[values["user"]].failures = 0


def _day(bank: Bank, values: Values) -> str:
    if "today" in values and not values["today"]:
        bank.today = bank.real_today
    elif "today" in values:
        fixed = dt.date.fromisoformat(values["today"])
        bank.today = lambda: fixed
    return bank.today().isoformat()


def _log(bank: Bank, values: Values) -> list[dict[str, Any]]:
    return bank.log[int(values.get("since", 0)) :]


def _balances(bank: Bank, values: Values) -> dict[str, int]:
    return {str(day): cents for day, cents in _account(bank, values).balances().items()}


def _lines(bank: Bank, values: Values) -> list[dict[str, Any]]:
    account = _account(bank, values)
    lines = account.booked(dt.date.min, dt.date.max) + account.pending()
    return [booking_values(line) for line in lines]


def _users(bank: Bank, _values: Values) -> dict[str, Any]:
    return {
        name: {"failures": user.failures, "locked": user.locked, "devices": sorted(user.devices)}
        for name, user in bank.users.items()
    }


def _keep(bank: Bank, _values: Values) -> dict[str, Any]:
    """Everything that a restarted bank would have to know."""
    return {
        "manners": manners_values(bank.manners),
        "version": bank.version,
        "users": [
            {
                "name": user.name,
                "sealed_pin": user.sealed_pin,
                "tan": user.tan,
                "failures": user.failures,
                "devices": sorted(user.devices),
                "trusted": sorted(user.trusted),
                "accounts": [account_values(account) for account in user.accounts],
            }
            for user in bank.users.values()
        ],
        "faults": bank.faults.waiting(),
    }


def fill(bank: Bank, state: Values) -> None:
    """Make a bank what a state says: that of ``keep``, or one written by hand with PINs in it.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    for user in state.get("users", ()):
        _user(bank, user)
    _manners(bank, {"values": state.get("manners", {})})
    for rule in state.get("faults", ()):
        _fault(bank, rule)
    _day(bank, state)
    bank.version = max(bank.version, int(state.get("version", 0)))


def _reset(bank: Bank, _values: Values) -> None:
    """Be a new bank at the same address: the sample's customer, no lines, no log."""
    bank.users.clear()
    bank.dialogs.clear()
    bank.faults.clear()
    bank.log.clear()
    bank.manners = Manners()
    bank.today = bank.real_today
    fill(bank, SAMPLE)


def _account(bank: Bank, values: Values) -> Account:
    wanted = values.get("iban")
    for user in bank.users.values():
        for account in user.accounts:
            if wanted in {None, account.iban}:
                return account
    raise KeyError("no such account")


def _waiting(bank: Bank) -> list[Approval]:
    return [one for dialog in bank.dialogs.values() for one in dialog.approvals.values()]


_DEEDS: dict[str, Callable[[Bank, Values], Any]] = {
    "answer": _answer,
    "approvals": _approvals,
    "balances": _balances,
    "behave": _behave,
    "book": _book,
    "change": _change,
    "day": _day,
    "expire": _expire,
    "fault": _fault,
    "forget": _forget,
    "keep": _keep,
    "lines": _lines,
    "log": _log,
    "manners": _manners,
    "pin": _pin,
    "remove": _remove,
    "reset": _reset,
    "unlock": _unlock,
    "user": _user,
    "users": _users,
}
