"""What calls cost, who may spend it, and the ledger of them."""
