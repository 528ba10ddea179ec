"""Argo CD on the cluster of `e2e`: its manifests, service accounts and settings as it ships them, its programs real.

There is no registry to fetch its image from, so controller, repository server and API server are processes beside the
API server of the cluster. Each has the token of its own service account, hence just the rights that Argo CD's manifests
give it, and the name that admission policies see. What its installation has besides (sign-on, notifications,
ApplicationSets) is not started.

* `programs`: Argo CD, and kustomize, which it starts;
* `repository`: the repositories of Git that it reads;
* `servers`: all of it at work, and its command line;
* `application`: what it says of one Application.
"""
