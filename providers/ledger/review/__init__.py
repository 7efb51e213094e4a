"""Review: what people change about rows, answer to questions, and take back."""
