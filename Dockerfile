# Two steps: build on Debian 12 with Rust, run on a slim Debian 12.
FROM rust:1-bookworm AS build
COPY . /graft
WORKDIR /graft
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make git python3 python3-venv && make build

FROM debian:bookworm-slim
COPY docker/packages.txt /tmp/packages.txt
RUN apt-get update -qq && grep -v '^#' /tmp/packages.txt | xargs apt-get install -y -qq --no-install-recommends && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /var/lib/lgraph/data /var/log/lgraph_log
COPY --from=build /graft/build/bin/lgraph_server /usr/local/bin/lgraph_server
COPY docker/lgraph.json /usr/local/etc/lgraph.json
VOLUME ["/var/lib/lgraph/data", "/var/log/lgraph_log"]
EXPOSE 7070 7687 7688
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/lgraph_server", "-c", "/usr/local/etc/lgraph.json", "-d", "run"]
