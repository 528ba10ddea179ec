"""`cxone-operator check` on real parts: each way in which an installation is spoilt has its line, and its remedy."""
