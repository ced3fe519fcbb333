"""The jobs of the ``mensa`` command, thin over functions that tests call directly.

Each module adds its words to the parser and keeps heavy imports inside its functions.
"""

from kiosk.jobs import machine, serve

ALL = (serve.add, machine.add)
