/** User and group of the images that GoImage builds; the same as in distroless and Chainguard images. */
export const nonRootUid = 65532;
