"""A real Kubernetes control plane on this machine: kube-apiserver, etcd and kubectl, without containers.

Validation, defaulting, CEL, server-side apply, watches and the audit log behave as in a cluster because they are the
same code. Nothing runs pods. Only the standard library belongs here, so that it works before anything is installed:

    PYTHONPATH=hack python -m controlplane start | stop | status | binaries
"""
