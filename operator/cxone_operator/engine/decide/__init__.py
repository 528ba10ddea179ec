"""From what is remembered to what is to be done, for one user at one moment."""
