# One image: `gateway`, `worker` or `serve` by its command. docs/containers.md says how to run it. It needs BuildKit, which
# is what `docker build` and `docker compose build` use from Docker 23 on, and names no architecture.

# ── What compiles. A change of sources leaves this layer, and ccache what is the same in them.
FROM debian:bookworm-slim AS build
WORKDIR /pbaas
COPY scripts/setup scripts/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
  scripts/setup build
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY src src
RUN --mount=type=cache,target=/root/.cache/ccache \
  cmake --preset release -DPBAAS_TESTS=OFF && cmake --build --preset release --target pbaas && ccache --show-stats

# ── The reference's page, which comes from npm.
FROM debian:bookworm-slim AS web
WORKDIR /pbaas
COPY scripts/setup scripts/
COPY web/package.json web/package-lock.json web/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
  scripts/setup web

# ── The whole as it is installed.
FROM build AS install
COPY LICENSE README.md CHANGELOG.md SECURITY.md ./
COPY deploy deploy
COPY docs docs
COPY web web
COPY --from=web /pbaas/web/node_modules web/node_modules
RUN cmake --preset release -DPBAAS_TESTS=OFF >/dev/null \
  && cmake --install build/release --prefix /install/usr --component image --strip

# ── What runs: the browsers and libraries are a layer of their own, since they are most of it and change least.
FROM debian:bookworm-slim AS pbaas
RUN groupadd --gid 10001 pbaas \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin pbaas
COPY scripts/setup /tmp/scripts/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
  /tmp/scripts/setup image && fc-cache -s && rm -rf /tmp/scripts /var/log/*.log /var/log/apt
COPY --from=install /install/usr /usr
COPY deploy/docker/pbaas-health /usr/bin/
# Reads every library that it links, so an image that lacks one is not made.
RUN pbaas --version && install -d -o pbaas -g pbaas -m 0700 /data

ENV DATA_DIR=/data
VOLUME /data
USER 10001:10001
WORKDIR /data
EXPOSE 8000 9100
# tini reaps, and passes SIGTERM to pbaas alone: browsers are to be drained, not stopped beside it.
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/bin/pbaas"]
CMD ["serve"]
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/bin/pbaas-health"]

LABEL org.opencontainers.image.title="pbaas" \
  org.opencontainers.image.description="Parallel Browsers as a Service: a Chromium of its own for each client, over CDP" \
  org.opencontainers.image.licenses="Apache-2.0"
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="$VERSION" org.opencontainers.image.revision="$REVISION"
