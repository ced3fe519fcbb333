"""The kiosk's one screen: what it shows for which outcome, and what the staff's keys mean."""
