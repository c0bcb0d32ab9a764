"""The only source of usage: what each request came to, kept where no kill of this process reaches it, and handed on
until the ledger has it (docs/adr/0023).

`journal.py` is what the pipeline uses: `begin` and `end`. `slots.py` has requests in flight, `segments.py` those that
are over, `folder.py` whose they are, `replay.py` what a dead process left, `publisher.py` their way to JetStream."""
