"""What the ledger says was used and spent."""
