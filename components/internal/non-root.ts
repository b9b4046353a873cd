/** Number of the user and the group that services run as: the one of distroless and Chainguard images. */
export const nonRoot = 65532;

/** User and group as Docker takes them. */
export const nonRootUser = `${nonRoot}:${nonRoot}`;
