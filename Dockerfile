# syntax=docker/dockerfile:1

# Two images, without anything that is needed only to build them:
#   docker build --tag qumulo-changelist .
#   docker build --tag qumulo-emulator --target emulator .
# docs/install.md shows how to run them.

ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS wheel
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

# The versions of all dependencies are those that the tests ran with.
FROM wheel AS tool-environment
RUN python -m venv /opt/qumulo-changelist \
    && set -- /wheels/*.whl \
    && /opt/qumulo-changelist/bin/pip install --no-cache-dir --constraint requirements-dev.txt "$1[dask,parquet,report]"

FROM wheel AS emulator-environment
RUN python -m venv /opt/qumulo-changelist \
    && set -- /wheels/*.whl \
    && /opt/qumulo-changelist/bin/pip install --no-cache-dir --constraint requirements-dev.txt "$1[emulator]"

FROM python:${PYTHON}-slim AS runtime
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/qumulo-changelist/bin:$PATH \
    PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --user-group --create-home --home-dir /var/lib/qumulo-changelist changelist \
    && install --directory --owner=changelist --group=changelist /certificate /cluster /emulator-state /lists
USER 10001:10001
WORKDIR /var/lib/qumulo-changelist

FROM runtime AS emulator
LABEL org.opencontainers.image.title="qumulo-emulator" \
      org.opencontainers.image.description="Serves a directory as a Qumulo cluster"
COPY --from=emulator-environment /opt/qumulo-changelist /opt/qumulo-changelist
VOLUME ["/certificate", "/cluster", "/emulator-state"]
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import ssl, urllib.request as web; web.urlopen('https://localhost:8000/v1/version', timeout=4, context=ssl.create_default_context(cafile='/certificate/emulator.pem'))"]
ENTRYPOINT ["qumulo-emulator"]
CMD ["serve", "/cluster", "--host", "0.0.0.0", "--state", "/emulator-state", "--certificate", "/certificate/emulator.pem"]

# The last image is the one that is built if none is named. It has no HEALTHCHECK: it runs one command and ends.
FROM runtime AS tool
LABEL org.opencontainers.image.title="qumulo-changelist" \
      org.opencontainers.image.description="Lists what changed on a Qumulo cluster between two snapshots"
COPY --from=tool-environment /opt/qumulo-changelist /opt/qumulo-changelist
ENV QUMULO_CHANGELIST_CONFIG=/etc/qumulo-changelist/cluster.conf \
    QUMULO_CHANGELIST_STATE=/var/lib/qumulo-changelist/state.sqlite
VOLUME ["/lists", "/var/lib/qumulo-changelist"]
ENTRYPOINT ["qumulo-changelist"]
CMD ["--help"]
