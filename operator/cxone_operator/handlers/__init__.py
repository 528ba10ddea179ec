"""The edge to Kopf: it watches, we listen. The only package that imports kopf."""
