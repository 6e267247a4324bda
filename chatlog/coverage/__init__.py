"""Coverage: the ledger of each target, folded into intervals and gaps."""
