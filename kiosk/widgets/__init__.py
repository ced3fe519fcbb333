"""The parts of the kiosk's screen: block characters, the face, the staff's lines."""
