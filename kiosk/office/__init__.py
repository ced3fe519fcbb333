"""The office's deeds: each takes an open ledger and the words of a job, and says what was done."""
