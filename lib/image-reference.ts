/** The name of an image without tag and digest, after https://github.com/distribution/reference. */
const name = String.raw`(([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*`;
const tag = String.raw`(:\w[\w.-]{0,127})?`;
const digest = "sha256:[0-9a-f]{64}";

const byDigest = new RegExp(`^${name}${tag}@${digest}$`);
const byTag = new RegExp(`^${name}${tag}$`);
const byId = new RegExp(`^${digest}$`);

/** Whether an image is named by its digest: `registry.example/web@sha256:…`, with or without a tag. */
export function isByDigest(image: string): boolean {
  return byDigest.test(image);
}

/** Whether an image is named by its tag: `postgres:16`. Without one, it is `latest`. */
export function isByTag(image: string): boolean {
  return byTag.test(image) && !isById(image);
}

/** Whether an image is named by its ID in a Docker Engine, `sha256:…`. */
export function isById(image: string): boolean {
  return byId.test(image);
}

/** The digest of an image that is named by it. A digest alone stays as it is. */
export function digestOf(image: string): string {
  return image.slice(image.indexOf("@") + 1);
}

/** The start of a digest for people: `sha256:6e04de1c9a72`. */
export function shortDigest(image: string): string {
  return digestOf(image).slice(0, "sha256:".length + 12);
}
