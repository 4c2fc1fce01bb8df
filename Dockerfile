# The executable of a release, on Debian (glibc), run as the user nobody:
#
#   deno task release && docker build -t async-deno .
#   docker run --rm -p 8000:8000 async-deno
#
# A downloaded release in dist/, with its SHA256SUMS, works too.
FROM debian:bookworm-slim AS release
COPY install.sh dist/*.tar.gz dist/SHA256SUMS /release/
RUN sh /release/install.sh /release/*.tar.gz --prefix /usr/local

FROM debian:bookworm-slim
# OpenSSL, for TLS
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends libssl3 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=release /usr/local/bin/async-deno /usr/local/bin/async-deno
# nobody and nogroup
USER 65534:65534
# The defaults of the image; change them with, for example, docker run -e ASYNC_DENO_PORT=8080 …
ENV ASYNC_DENO_LOG=off
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/async-deno", "health"]
ENTRYPOINT ["/usr/local/bin/async-deno"]
