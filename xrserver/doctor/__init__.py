"""What this machine can do for xrserver: nothing enters, findings leave; nothing is changed or made."""
