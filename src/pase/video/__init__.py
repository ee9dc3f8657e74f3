"""Reading frames by time, face landmarks, and the stabilised lip crop."""
