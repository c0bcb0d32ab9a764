"""Who belongs to which team: joining, leaving, and what is a member's own."""
