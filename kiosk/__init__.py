"""The top floor: everything a person operates.

The kiosk's screen, the ``mensa`` command, the demo, and the composition root that puts
readers, journal, ledger and screen together. Only this package knows Textual, and only
here are sentences made from the reasons the lower floors return.
"""
