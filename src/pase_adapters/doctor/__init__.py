"""`pase-adapt doctor`: what is wrong with a subject's features, found from the files alone; nothing is changed."""
