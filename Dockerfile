# syntax=docker/dockerfile:1
FROM node:22-bookworm-slim AS pages
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY web .
COPY examples /examples
RUN npm run build

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=pages /web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package server --bin hookyard \
    && install -s target/release/hookyard /hookyard \
    && install -d -m 0700 -o 65532 -g 65532 /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /hookyard /usr/local/bin/hookyard
COPY --from=build --chown=65532:65532 /data /data
ENV HOOKYARD_LISTEN=0.0.0.0:8080 HOOKYARD_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
USER 65532:65532
ENTRYPOINT ["hookyard"]
CMD ["serve"]
