# Operator, HR bridge and simulator in one image, which runs as uid 65532 with a root that nobody writes to:
#   docker build --tag ghcr.io/cxone-operator/cxone-operator:0.1.0 .
# Where packages come from a mirror:  --secret id=pip,src=$HOME/.config/pip/pip.conf
# The base is pinned by tag. For builds that repeat to the byte give its digest, too:
#   --build-arg PYTHON=python:3.13.14-slim-trixie@sha256:…
ARG PYTHON=python:3.13.14-slim-trixie

FROM ${PYTHON} AS build
WORKDIR /src
COPY requirements-build.lock requirements-runtime.lock ./
# Every file is checked against its hash; nothing is built from source but this project itself.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m venv /build \
    && /build/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements-build.lock \
    && python -m venv --without-pip /opt/cxone-operator \
    && /build/bin/pip --python /opt/cxone-operator/bin/python \
        install --no-deps --require-hashes --only-binary :all: -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY crds crds
COPY operator operator
RUN /build/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir dist . \
    && /build/bin/pip --python /opt/cxone-operator/bin/python install --no-deps --no-index dist/*.whl

FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cxone-operator" \
      org.opencontainers.image.description="Kubernetes operator that keeps NICE CXone users as custom resources" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# pip is of no use to a program that is complete.
RUN pip uninstall --yes --quiet pip \
    && groupadd --gid 65532 nonroot \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin nonroot
COPY --from=build /opt/cxone-operator /opt/cxone-operator
ENV PATH=/opt/cxone-operator/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["cxone-operator"]
CMD ["--help"]
