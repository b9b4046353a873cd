/** User and group ID of unprivileged containers: that of the images of GoImage, distroless and Chainguard. */
export const nonRootUid = 65532;

/** User and group as Docker takes them. */
export const nonRootUser = `${nonRootUid}:${nonRootUid}`;
