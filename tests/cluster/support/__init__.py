"""What the tests of a real cluster are made of."""
