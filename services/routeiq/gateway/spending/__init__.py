"""Who may still spend what: the accounts of requests, what they are expected to cost, and what is said to who has
nothing left (docs/adr/0023)."""
