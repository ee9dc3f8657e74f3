"""`pase doctor`: can this machine and this environment do what PASE does? Looks and tries; changes nothing."""
