import { isByDigest, isById, isByTag } from "../../../lib/image-reference.ts";

const digest = `sha256:${"0f".repeat(32)}`;
const kindOf = (image: string) => [isByTag(image) && "tag", isByDigest(image) && "digest", isById(image) && "ID"].filter(Boolean).join();

test.each([
  ["postgres", "tag"],
  ["postgres:16", "tag"],
  ["docker.io/library/postgres:16-alpine3.22", "tag"],
  ["127.0.0.1:5001/team/web:1.2.3_rc-1", "tag"],
  ["[::1]:5001/web:1", "tag"],
  [`postgres@${digest}`, "digest"],
  [`postgres:16@${digest}`, "digest"],
  [`registry.example/team/web@${digest}`, "digest"],
  [digest, "ID"],
  ["Postgres:16", ""],
  ["postgres:", ""],
  [`postgres:${"a".repeat(129)}`, ""],
  [`postgres@${digest}0`, ""],
  ["postgres@sha256:0f", ""],
  ["https://registry.example/web:1", ""],
  ["web:1 ", ""],
  ["", ""],
])("%s is an image by: %s", (image, kind) => {
  expect(kindOf(image)).toBe(kind);
});
