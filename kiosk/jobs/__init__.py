"""The jobs of the ``mensa`` command, thin over functions that tests call directly.

Each module adds its words to the parser and keeps heavy imports inside its functions; what the
office's jobs do is in ``kiosk.office``.
"""

from kiosk.jobs import (
    bank,
    cards,
    cash,
    devices,
    ledger,
    machine,
    meals,
    people,
    pupils,
    refunds,
    schools,
    serve,
)

ALL = (
    serve.add,
    machine.add,
    schools.add,
    meals.add,
    pupils.add,
    cards.add,
    devices.add,
    people.add,
    bank.add,
    refunds.add,
    cash.add,
    ledger.add,
)
