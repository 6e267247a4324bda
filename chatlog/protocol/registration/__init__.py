"""Registration: capabilities, password, login, SASL and STS, until the server welcomes us."""
