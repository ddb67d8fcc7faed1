"""What all families share: dispatch, lazy names, checks."""
