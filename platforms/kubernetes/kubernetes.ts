import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import { ClusterIdentity } from "../../components/cluster-identity.ts";
import { Job } from "../../components/job.ts";
import { standardPorts } from "../../components/ports.ts";
import { servicesNamespace } from "../../components/services-namespace.ts";
import { WebService } from "../../components/web-service.ts";
import type { NetworkPolicyArgs } from "../../components/web-service-args.ts";
import { Flavour, type KubernetesSettings } from "../../config/schema/kubernetes.ts";
import type { Configuration } from "../../config/settings.ts";
import { notice } from "../../lib/notice.ts";
import { isPreflightOff } from "../../lib/preflight.ts";
import { UserError } from "../../lib/user-error.ts";
import { HelperImage, jobArgs, urlOf, workloadArgs, type Platform, type PlatformModule } from "../platform.ts";
import { addressesOf } from "../published-ports.ts";
import { assignsIds, namespaceLabels, networkOf, publishingOf, waitOf, withClassDefaults } from "./flavour-effects.ts";
import { problemsWithFlavour } from "./flavour-rules.ts";
import { titles } from "./flavour.ts";
import { admissionLabels, createAdmissionPolicies, repositoriesOf } from "./admission.ts";
import { adaptedTo, type AdaptingFacts } from "./adapted.ts";
import { withFlavour } from "./ingress-controllers.ts";
import { lastLook, type SeenCluster } from "./look.ts";
import { problemsWithServices } from "./rules.ts";
import { createPullSecret, pullLoginOf } from "./pull-credentials.ts";
import { imageAsPulled, isOnThisMachine, repositoryIn, targetRegistry, useRegistryAccess } from "./registry.ts";
import { kubeconfigForProvider } from "./target.ts";
import { warningsOf } from "./warnings.ts";

export { preflight } from "./preflight.ts";

/** Images are pushed over a network, so their layers are compressed. */
export const imageDefaults: PlatformModule["imageDefaults"] = ({ kubernetes }) =>
  kubernetes && isOnThisMachine(kubernetes) ? { compression: "none" } : {};

export const withDefaults: PlatformModule["withDefaults"] = withClassDefaults;

/** Replaces missing settings, which the schema has reported already. */
const missingSettings: KubernetesSettings = { context: "" };

export const problemsWith: PlatformModule["problemsWith"] = ({ kubernetes = missingSettings }, services) => [
  ...problemsWithServices(kubernetes, services),
  // One that is detected is known to the preflight only.
  ...problemsWithFlavour(kubernetes, kubernetes.flavour ?? Flavour.Generic, { services, jobs: {} }),
];

/** In a program that only says what it consists of, what only the cluster knows. */
const { unknown } = outputModule as unknown as { unknown: unknown };

/** What decides on the objects of services. */
type Facts = AdaptingFacts & Pick<SeenCluster, "id">;

function unseen({ flavour = Flavour.Generic }: KubernetesSettings): Facts {
  return { id: unknown as string, flavour, controllers: withFlavour({ classes: [], pods: {}, isHidden: true }, flavour) };
}

/** What the preflight has seen of the cluster. The user is told once what it was taken for, and what it lacks. */
async function factsOf(configuration: Configuration, kubernetes: KubernetesSettings): Promise<Facts> {
  if (isPreflightOff()) return unseen(kubernetes);
  const seen = await lastLook(kubernetes);
  if (typeof seen === "string") throw new UserError(seen);
  const how = seen.isDetected ? "detected" : "slipway:kubernetes.flavour";
  notice("note", `cluster of the context "${kubernetes.context}": ${titles[seen.flavour]} (${how})`);
  for (const warning of warningsOf(configuration, seen)) notice("warning", warning);
  return seen;
}

/** Says how the registry is reached, also for base images. */
export const prepare: PlatformModule["prepare"] = ({ kubernetes }) => kubernetes && useRegistryAccess(kubernetes);

/** A cluster that exists: the objects of services in a namespace. Everything else in the cluster is only read. */
export async function createPlatform(configuration: Configuration): Promise<Platform> {
  const { stack, services: given, jobs, kubernetes = missingSettings, development } = configuration;
  const name = `${pulumi.getProject()}-${stack}`;
  const { context, pullSecret } = kubernetes;
  const ports = { ...standardPorts, ...kubernetes.ports };
  const facts = await factsOf(configuration, kubernetes);
  const { id, flavour } = facts;
  const services = adaptedTo(facts, given);

  const kubeconfig = kubeconfigForProvider(kubernetes, stack);
  const identity = new ClusterIdentity(name, { cluster: id, kubeconfig, context, accepted: kubernetes.cluster });
  const settings = {
    context,
    kubeconfig,
    clusterIdentifier: id,
    // Updated in place: while a ConfigMap or Secret is replaced, it is missing.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // Existing objects are not adopted: they may belong to somebody else.
    upsertExistingObjects: false,
    enablePatchForce: true,
  };
  const provider = new k8s.Provider(name, settings, { dependsOn: identity });
  const namespaceObject =
    kubernetes.namespace === undefined
      ? servicesNamespace(
          "services",
          {
            name,
            services: [...Object.values(services), ...Object.values(jobs)],
            labels: { ...namespaceLabels(facts), ...admissionLabels(configuration) },
          },
          { provider },
        )
      : undefined;
  const namespace = namespaceObject?.metadata.name ?? kubernetes.namespace!;
  const options = { provider, ...(namespaceObject && { deletedWith: namespaceObject }) };
  const assignedIds = assignsIds(kubernetes, flavour) || undefined;
  const partOf = pulumi.getProject();
  const created =
    kubernetes.pullCredentials &&
    createPullSecret(
      name,
      {
        namespace,
        login: pullLoginOf(kubernetes),
        labels: { "app.kubernetes.io/part-of": partOf, "app.kubernetes.io/managed-by": "pulumi" },
      },
      options,
    );
  const common = { namespace, pullSecret: created?.metadata.name ?? pullSecret, assignedIds, partOf };
  const tags = { "dev.slipway/project": partOf, "dev.slipway/stack": stack };
  const withNetwork = <T extends { network?: NetworkPolicyArgs }>(args: T): T => ({
    ...args,
    network: { ...networkOf(facts), ...args.network },
  });

  const target = await targetRegistry(kubernetes, unknown as string);
  const registry = (service: string) => repositoryIn(target, service);
  const asPulled = (image: pulumi.Input<string>) => imageAsPulled(target, image);
  const helper = new HelperImage(registry, configuration, {});
  const policies = createAdmissionPolicies(
    configuration,
    {
      name,
      namespace,
      repositories: repositoriesOf({ services: given, jobs }, (service) => asPulled(registry(service).repository)),
      plainHttp: kubernetes.registryAccess?.plainHttp ?? false,
      labels: { "app.kubernetes.io/part-of": partOf, "app.kubernetes.io/managed-by": "pulumi" },
    },
    options,
  );

  return {
    registry,
    imageOptions: {},
    deploy(service, _settings, image, after) {
      const settings = services[service]!;
      const given = workloadArgs(service, { services, jobs });
      const tls = given.tls && { ...given.tls, redirectPort: ports.https };
      const publishing = settings.publish && publishingOf(facts, tags);
      const args = { ...withNetwork(given), ...common, ...waitOf(facts), image: asPulled(image), tls, publishing };
      const own = { dependsOn: [...(after ?? []), ...policies], ...helper.ifDeveloped(service, development, asPulled) };
      const resource = new WebService(service, args, pulumi.mergeOptions(options, own));
      const { publishedAddress } = resource;
      return { url: urlOf(settings, ports), addresses: publishedAddress && addressesOf(settings, publishedAddress), resource };
    },
    deployJob(job, _settings, image, after) {
      const { waitFor, ...given } = withNetwork(jobArgs(job, { services, jobs }, helper));
      const args = { ...given, ...common, image: asPulled(image), waitFor: waitFor && { ...waitFor, image: asPulled(waitFor.image) } };
      return new Job(job, args, pulumi.mergeOptions(options, { dependsOn: [...(after ?? []), ...policies] }));
    },
    get outputs() {
      return { cluster: { id, context, namespace, flavour }, ...helper.outputs };
    },
  };
}
