"""SnapTrade's dialect: the customers' brokerage accounts."""
