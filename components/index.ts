export { GoImage, ImageBuilder, type GoImageArgs, type RegistryCredentials } from "./go-image.ts";
export { LocalCluster, type LocalClusterArgs, type LocalClusterPorts } from "./local-cluster.ts";
export { WebService, type WebServiceArgs, type WebServiceResources } from "./web-service.ts";
