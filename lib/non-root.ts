/** User and group ID of unprivileged containers: that of the images of GoImage, distroless and Chainguard. */
export const nonRootUid = 65532;
