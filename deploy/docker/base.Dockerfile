# The base of `python -m tools.images base`: a root file system that mmdebstrap made.
FROM scratch
ARG ROOT
ADD ${ROOT} /
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 10001:10001
