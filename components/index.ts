export { GoImage, ImageBuilder, type GoImageArgs, type RegistryCredentials } from "./go-image.ts";
export { Compression } from "./internal/oci.ts";
export { LocalCluster, type LocalClusterArgs, type LocalClusterPorts } from "./local-cluster.ts";
export * from "./web-service.ts";
