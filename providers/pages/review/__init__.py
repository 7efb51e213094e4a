"""Pages of questions to answer, of the history of rows, and of rows put aside."""
