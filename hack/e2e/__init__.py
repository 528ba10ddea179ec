"""A cluster of two nodes on this machine, and the story of a company's first week on it, without Docker.

The image is built from the Dockerfile, kubelets run it, network policies are enforced: what manifests and chart promise
is seen where it counts. Everything happens in namespaces of its own (`world`), which end with this process, however it
ends. The rooms, each of which knows those above it only:

* `machine`: what has to be installed, and what is missing;
* `programs`: the binaries, built once into the cache that `controlplane` and `tools` use;
* `world`: namespaces, cgroups and a folder that nobody else has;
* `images`: what runs in pods;
* `network`, `servers`, `node`, `cluster`: the cluster, from the wire up;
* `argocd`: Argo CD on that cluster, for a story of its own;
* `story`: what happens on it; `evidence`: what is shown where that was not what must be;
* `inside`: the first program of the world, which does all this.
"""
