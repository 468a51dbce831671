"""Songs that were posted or shown are found again, and starred."""
