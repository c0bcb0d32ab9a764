"""What any service of any product would need; knows no business word."""
