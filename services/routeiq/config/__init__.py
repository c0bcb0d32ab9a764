"""The configuration document: its model, loader, `check`, and the state that services work from."""
