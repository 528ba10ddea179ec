"""What runs inside pods, with the Python of the image: each module is handed over as text, and prints JSON."""
