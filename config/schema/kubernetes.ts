import { z } from "zod";
import { standardPorts } from "../../components/ports.ts";
import { required, setting } from "./setting.ts";

const text = z.string().min(1);
const port = z.int().min(1).max(65535);
/** A name of a namespace, and of other objects whose names are DNS labels. */
export const namespaceName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must have only lower-case letters, digits and hyphens, at most 63");

/** Where the embedded engine keeps the state of a stack. */
export const StateLocation = { Cluster: "cluster", File: "file" } as const;

/** Kinds of clusters that differ in what pods and their exposure need. */
export const Flavour = {
  OpenShift: "openshift",
  Gke: "gke",
  Aks: "aks",
  Eks: "eks",
  /** Also k3d and Rancher Desktop. */
  K3s: "k3s",
  Rke2: "rke2",
  Minikube: "minikube",
  MicroK8s: "microk8s",
  Kind: "kind",
  /** Every other one. */
  Generic: "generic",
} as const;
export type Flavour = (typeof Flavour)[keyof typeof Flavour];

/** Who chooses the user and group IDs of pods. */
export const UserIds = {
  /** The settings of services and jobs. */
  Fixed: "fixed",
  /** The cluster, as the security context constraints of OpenShift do. */
  Assigned: "assigned",
} as const;
export type UserIds = (typeof UserIds)[keyof typeof UserIds];

/** Settings of the platform `kubernetes`. */
export const kubernetesSettings = z
  .strictObject({
    context: required(text, {
      meaning: "Context of the kubeconfig. The current context is never used",
      example: "kind-shop",
    }),
    kubeconfig: setting(text, {
      meaning: "Path of the kubeconfig, relative to the project",
      without: "the files in $KUBECONFIG, otherwise ~/.kube/config",
      example: "kubeconfig.yaml",
    }),
    namespace: setting(namespaceName, {
      meaning: "Existing namespace for all objects of the stack, which is neither changed nor deleted",
      without: "`<project>-<stack>` is created, and enforces the Pod Security Standard",
      example: "shop",
    }),
    registry: setting(
      z
        .string()
        .regex(
          /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
          'must be a registry, such as "ghcr.io/acme/shop", without a scheme and a tag',
        ),
      {
        meaning: "Registry, with a path if wanted, to which the images of services with a source are pushed, each under the service's name",
        without: "the local registry that the cluster names, or `loadImages`",
        example: "ghcr.io/acme/shop",
      },
    ),
    loadImages: setting(z.boolean(), {
      meaning:
        "Whether the images of services with a source are loaded into the nodes, and no registry is used. Only for nodes that are containers of this machine's Docker Engine, with containerd, such as those of kind",
      default: false,
      example: true,
    }),
    registryAccess: setting(
      z.strictObject({
        username: setting(text, {
          meaning: "User who may push to `registry`",
          without: "`$SLIPWAY_REGISTRY_USERNAME`, otherwise the credentials that Docker has for it",
          example: "ci",
        }),
        password: setting(text, {
          meaning: "Password or token of the user",
          without: "`$SLIPWAY_REGISTRY_PASSWORD`",
          example: "secret",
        }),
        ca: setting(text, {
          meaning:
            "File with the certificates of authorities, in PEM form, that signed the certificate of `registry`, relative to the project",
          without: "those of the system, and of the Docker Engine for this registry",
          example: "registry-ca.pem",
        }),
        plainHttp: setting(z.boolean(), {
          meaning: "Whether `registry` is reached without TLS. Loopback addresses need no setting",
          default: false,
          example: true,
        }),
      }),
      { meaning: "How this machine reaches `registry`" },
    ),
    ports: setting(
      z.strictObject({
        http: setting(port, { meaning: "HTTP port", default: standardPorts.http, example: 8080 }),
        https: setting(port, { meaning: "HTTPS port", default: standardPorts.https, example: 8443 }),
      }),
      { meaning: "Ports on which clients reach the ingress controller, for URLs and redirects" },
    ),
    pullSecret: setting(namespaceName, {
      meaning: "Existing Secret of the type kubernetes.io/dockerconfigjson in the namespace, with which nodes pull images",
      without: "that of `pullCredentials`; without it, nodes pull with their own credentials",
      example: "registry",
    }),
    state: setting(z.enum(StateLocation), {
      meaning:
        "Where the embedded engine keeps the state: in encrypted Secrets of the cluster, so that several people or a pipeline can deploy the stack, or in a file of this checkout. Secrets are in `namespace`, or else in the namespace slipway-state. The Pulumi CLI uses its backend",
      default: StateLocation.Cluster,
      example: "file",
    }),
    pullCredentials: setting(
      z.strictObject({
        username: setting(text, { meaning: "User who may pull from `registry`", without: "that of `fromDocker`", example: "puller" }),
        password: setting(text, { meaning: "Password or token of the user, which does not expire", example: "secret" }),
        fromDocker: setting(z.boolean(), {
          meaning: "Whether to take the credentials that Docker has for `registry` on the machine that deploys",
          default: false,
          example: true,
        }),
      }),
      { meaning: "Long-lived credentials for `registry`, for which a pull Secret is created in the namespace" },
    ),
    cluster: setting(z.uuid("must be the UID of the namespace kube-system"), {
      meaning: "UID of the cluster's namespace kube-system. Set it to move the stack to another cluster",
      without: "that of the first up",
      example: "5f5a9b52-4f1c-4bd1-9f5e-0a3c2ad1a1a0",
    }),
    flavour: setting(z.enum(Flavour), {
      meaning: "Kind of the cluster. The preview shows which one was detected",
      without: "detected from the API server and, if the deployer may read them, the nodes",
      example: "openshift",
    }),
    userIds: setting(z.enum(UserIds), {
      meaning:
        "Who chooses the user and group IDs of pods: fixed (those of the settings) or assigned (the cluster). On OpenShift, fixed IDs need a security context constraint such as nonroot-v2",
      without: "assigned on OpenShift, otherwise fixed",
      example: "fixed",
    }),
  })
  .describe("Settings of the platform `kubernetes`.");
export type KubernetesSettings = z.infer<typeof kubernetesSettings>;
