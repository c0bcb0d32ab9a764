"""What was added by API, kept in force: fetched from control, merged with the document, kept on disk."""
