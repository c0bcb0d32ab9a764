"""A real one-node Kubernetes in a network namespace of its own: no Docker, no registry, nothing bound outside it.

Start reading at `lifecycle.py` (what is started, in which order, and how all of it goes away) and `__main__.py` (the
commands); docs/guides/test-cluster.md says how to use it. Then, one concern a file:

    able         whether this machine lets a cluster be made
    layout       names, addresses, folders             packages     what Debian has to have installed
    programs     the Go programs, built and cached     pki          certificates and kubeconfigs
    processes    start, wait for, look at              cgroups      limits, and the way to end everything
    network      the namespace and its bridge          containerd   the runtime, and images into it
    images       images of its own programs            control_plane, node   Kubernetes itself
    kubectl      kubectl and helm against it           addons       DNS, metrics, classes
    api          lists and watches, without kubectl    keeper       the process that runs the three below
    policies     NetworkPolicy to nftables             ingress      Ingress to nginx
    volumes      claims to folders                     crds         kinds that operators bring
    steps        what took how long                    diagnosis    what is not well, and why
    e2e          `make e2e-cluster`
"""
