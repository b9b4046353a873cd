import { baseImages } from "../../../../lib/attestations/base-images.ts";

const bases = (lines: string[], target?: string, args: Record<string, string> = {}) => baseImages(lines.join("\n"), target, args);

test("base images are those of the stage that is built and of the stages that it needs", () => {
  const lines = [
    "FROM golang:1.26 AS build",
    "RUN go build -o /app .",
    "FROM node:24 AS unused",
    "FROM busybox:1 AS tools",
    "FROM gcr.io/distroless/static:nonroot AS base",
    "FROM Base",
    "COPY --chown=1 --from=build /app /app",
    "COPY --from=ghcr.io/acme/assets:2 / /assets",
    "RUN --mount=type=bind,from=tools,target=/tools /tools/check",
    "COPY local.txt /",
  ];
  expect(bases(lines)).toEqual(["gcr.io/distroless/static:nonroot", "golang:1.26", "ghcr.io/acme/assets:2", "busybox:1"]);
  expect(bases(lines, "unused")).toEqual(["node:24"]);
  expect(bases(lines, "BUILD")).toEqual(["golang:1.26"]);
  expect(bases(lines, "missing")).toEqual([]);
});

test("stages are also named by their number, and scratch is no image", () => {
  expect(bases(["FROM golang:1.26", "FROM scratch", "COPY --from=0 /app /app"])).toEqual(["golang:1.26"]);
});

test("variables have the values of the arguments, then those in the Dockerfile; a name without a value is left out", () => {
  const lines = [
    "ARG VERSION=3.22",
    "ARG IMAGE=alpine:${VERSION}",
    "FROM $IMAGE AS one",
    "FROM ${OTHER:-debian:13}",
    "COPY --from=one / /",
  ];
  expect(bases(lines)).toEqual(["debian:13", "alpine:3.22"]);
  expect(bases(lines, undefined, { VERSION: "3.21" })).toEqual(["debian:13", "alpine:3.21"]);
  expect(bases(lines, "one", { IMAGE: `registry.example/a@sha256:${"a".repeat(64)}` })).toEqual([
    `registry.example/a@sha256:${"a".repeat(64)}`,
  ]);
  expect(bases(["ARG IMAGE", "FROM $IMAGE"])).toEqual([]);
});
