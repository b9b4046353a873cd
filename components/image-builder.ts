/** How a source becomes an image. */
export const ImageBuilder = {
  /** With the Go toolchain alone: no Docker, and the exact digest is known in a preview. */
  Go: "go",
  /** With the source's own Dockerfile, for cgo, assets and other languages. Needs Docker. */
  Dockerfile: "dockerfile",
} as const;
export type ImageBuilder = (typeof ImageBuilder)[keyof typeof ImageBuilder];

/** The Dockerfile of the builder `dockerfile`, relative to the source, unless another one is given. */
export const defaultDockerfile = "Dockerfile";
