"""What was spent: counted, told to the gateways, and alerted of."""
