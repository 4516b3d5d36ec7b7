"""The Klein site on which people sign in, enrol, and look after their account."""
