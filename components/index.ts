export { ContainerHost, type CertificateArgs, type ContainerHostArgs, type ContainerHostPorts } from "./container-host.ts";
export { ContainerJob, type ContainerJobArgs, type JobHostArgs } from "./container-job.ts";
export * from "./container-service.ts";
export type { DockerJobArgs } from "./docker-job-args.ts";
export * from "./ecr-repository.ts";
export * from "./eks-add-ons.ts";
export * from "./eks-cluster.ts";
export * from "./irsa-role.ts";
export { ImageBuilder } from "./image-builder.ts";
export {
  GoImage,
  type AttestArgs,
  type GoImageArgs,
  type KeylessArgs,
  type RegistryCredentials,
  type SignArgs,
} from "./go-image.ts";
export { ecrCredentials } from "./ecr-credentials.ts";
export { Compression } from "../lib/oci.ts";
export * from "./job.ts";
export { LocalCluster, type LocalClusterArgs, type LocalClusterPorts } from "./local-cluster.ts";
export * from "./network.ts";
export * from "./pod-identity.ts";
export type { PodRightsArgs } from "./pod-rights-args.ts";
export type { RoleArgs } from "./role-args.ts";
export { SwarmHost, type SwarmHostArgs, type SwarmRouteArgs } from "./swarm-host.ts";
export { SwarmJob, type SwarmJobArgs } from "./swarm-job.ts";
export { Publishing } from "./swarm-publishing.ts";
export * from "./swarm-service.ts";
export * from "./tls-certificate.ts";
export * from "./web-service.ts";
