"""The images: `python -m tools.images`, which `make images` calls (docs/guides/images.md, docs/adr/0026).

Each image is staged as a folder in build/images, by a machine that has the network, and then copied into a base by
whichever engine there is: no step of a Dockerfile runs a program."""
