# syntax=docker/dockerfile:1
# One image for every role: `docker run … pgm ingress`, `worker`, `notifier`, `topics create`, `sandbox`.

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends librdkafka-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# The dependencies first: they change more seldom than the sources.
COPY Package.swift ./
RUN mkdir --parents Sources Tests && swift package resolve
COPY Sources ./Sources
COPY Tests ./Tests
RUN swift build --configuration release --product pgm --static-swift-stdlib \
    && install -D --strip "$(swift build --configuration release --show-bin-path)/pgm" /out/pgm

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl librdkafka1 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin pgm \
    && install --directory --owner pgm --mode 700 /var/lib/pgm/journal
COPY --from=build /out/pgm /usr/local/bin/pgm
COPY LICENSE NOTICE /usr/share/doc/pgm/
USER 10001
# The ingress answers on HTTP_PORT; the other roles only on ADMIN_PORT, which is to be set for their health to be seen.
ENV HTTP_PORT=8080
# A worker's copy of the journal: a volume here makes its starts fast, and a read-only container needs one.
ENV JOURNAL_DIRECTORY=/var/lib/pgm/journal
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["sh", "-c", "curl --silent --fail --output /dev/null http://127.0.0.1:${ADMIN_PORT:-$HTTP_PORT}/-/ready"]
ENTRYPOINT ["pgm"]
