# Operator, HR bridge and simulator in one image, which runs as uid 65532 with a root that nobody writes to:
#   docker build --tag ghcr.io/cxone-operator/cxone-operator:0.1.0 .
# Where packages come from a mirror:  --secret id=pip,src=$HOME/.config/pip/pip.conf
# Where an authority of your own vouches for the mirror:  --secret id=pip-ca,src=company-ca.pem
# The base is pinned by tag. For builds that repeat to the byte give its digest, and have one time written for all files:
#   --build-arg PYTHON=python:3.13.14-slim-trixie@sha256:… \
#   --build-arg SOURCE_DATE_EPOCH=1767225600 --output type=image,rewrite-timestamp=true
ARG PYTHON=python:3.13.14-slim-trixie
# Seconds since 1970: the time that is written into the image, whenever it is built.
ARG SOURCE_DATE_EPOCH=1767225600

FROM ${PYTHON} AS build
ARG SOURCE_DATE_EPOCH
WORKDIR /src
COPY requirements-build.lock requirements-runtime.lock ./
# Every file is checked against its hash; nothing is built from source but this project itself.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=pip-ca \
    if [ -e /run/secrets/pip-ca ]; then export PIP_CERT=/run/secrets/pip-ca; fi \
    && python -m venv /build \
    && /build/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements-build.lock \
    && python -m venv --without-pip /opt/cxone-operator \
    && /build/bin/pip --python /opt/cxone-operator/bin/python \
        install --no-compile --no-deps --require-hashes --only-binary :all: -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY crds crds
COPY operator operator
RUN /build/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir dist . \
    && /build/bin/pip --python /opt/cxone-operator/bin/python install --no-compile --no-deps --no-index dist/*.whl
# Never imported, and 60 MB: a second client of Kubernetes, and where in the world a telephone number is.
RUN rm -r /opt/cxone-operator/lib/python*/site-packages/kubernetes/aio \
    /opt/cxone-operator/lib/python*/site-packages/phonenumbers/geodata
# By the hash of the source and not by its time, which builders round: what looks stale is compiled at every start.
RUN /opt/cxone-operator/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /opt/cxone-operator/lib

FROM ${PYTHON} AS root
ARG SOURCE_DATE_EPOCH
# Neither pip nor a shell nor a tool of the system is of use to a program that is complete. The list of Debian's
# packages stays, as scanners go by it, and so do their licences.
RUN python -m pip uninstall --yes --quiet pip \
    && python -m compileall -q -f --invalidation-mode unchecked-hash "$(dirname "$(python -c 'import os; print(os.__file__)')")" \
    && groupadd --gid 65532 nonroot \
    && useradd --uid 65532 --gid 65532 --no-log-init --no-create-home --home-dir /tmp --shell /bin/false nonroot \
    && rm -rf /usr/lib/apt /var/lib/apt /var/cache /var/log \
    && find /usr/bin /usr/sbin -mindepth 1 ! -name 'python*' -delete

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cxone-operator" \
      org.opencontainers.image.description="Kubernetes operator that keeps NICE CXone users as custom resources" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=root / /
COPY --from=build /opt/cxone-operator /opt/cxone-operator
ENV PATH=/opt/cxone-operator/bin:/usr/local/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["cxone-operator"]
CMD ["--help"]
