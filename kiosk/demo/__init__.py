"""The main job on this machine: a school lunch with virtual cards on a real reader stack.

Everything is real but the school, the card and the reader's hardware: pcscd, pyscard, the
kiosk, its journal and the ledger are those of service. The demo has a place of its own that
is gone afterwards, and refuses to run on a machine that is enrolled as a kiosk.
"""
