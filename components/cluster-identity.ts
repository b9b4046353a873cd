export { ClusterIdentity, type ClusterIdentityArgs } from "./internal/cluster-identity.ts";
