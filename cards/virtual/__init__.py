"""Cards and readers made of software, for tests and the demo.

A private pcscd with virtual readers, and virtual cards in processes of their own, so that
everything from the radio's far side inward is the real thing. The cards' cryptography is
written a second time here, from the card's side, and shares nothing with the host's. None of
this runs on a machine enrolled as a kiosk, and nothing of it is installed: the readers' driver
would let anyone on the network lay a card on the reader.
"""
