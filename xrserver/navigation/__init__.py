"""State, actions and seconds come in; the next state goes out. Pure functions."""
