"""Single transactions with their edits and history, questions to answer, and the proof of an account's days."""
