"""What is in `manifests/`, read by its real readers."""
