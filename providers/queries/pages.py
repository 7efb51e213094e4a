"""What only pages ask: what runs now, how balances moved lately, and where the page before begins."""
