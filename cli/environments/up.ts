import { setTimeout } from "node:timers/promises";
import { environmentNamespace, environmentStack } from "../../config/review-environment.ts";
import { checkSettings } from "../../config/check.ts";
import { parseConfigValue, settingsNamespace } from "../../config/config-value.ts";
import { withExampleDigests } from "../../config/locked-images.ts";
import { readStackFile } from "../../config/project.ts";
import { reviewDefaults } from "../../config/schema/review.ts";
import type { Settings } from "../../config/settings.ts";
import { readStack } from "../../config/stack-file.ts";
import { podSecurityLabels } from "../../components/services-namespace.ts";
import { LockedError } from "../../lib/file-lock.ts";
import { KubernetesError, type Manifest } from "../../lib/kubernetes-client.ts";
import { pollUntil } from "../../lib/poll.ts";
import { formatProblem, throwIfAny } from "../../lib/problem.ts";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import { namespaceLabels } from "../../platforms/kubernetes/flavour-effects.ts";
import { loadPlatform } from "../../platforms/platform.ts";
import { look } from "../../platforms/kubernetes/look.ts";
import { originOf } from "../history/origin.ts";
import { annotation, environmentIn, environmentLabels, environmentsOf, type Environment } from "./environment.ts";
import { removeEnvironment } from "./remove.ts";
import { environmentWithId, timeToLiveMs, type Template } from "./template.ts";

/** A namespace that is ready for an environment. */
export interface Prepared {
  stack: string;
  namespace: string;
  /** ISO 8601. */
  expires: string;
  /** Short ID of the commit that is deployed. @default - not known */
  commit: string | undefined;
}

/**
 * Creates the namespace of an environment, or renews the time that it stays. It says from the start until when, so that one whose deployment
 * is interrupted is deleted too.
 *
 * @throws UserError if the limit is reached, or the namespace belongs to somebody else.
 */
export async function prepareEnvironment(template: Template, id: string, ttl: string | undefined): Promise<Prepared> {
  const { cluster, project, name: templateName, settings } = template;
  const environment = environmentWithId(templateName, id);
  const ttlMs = ttl === undefined ? timeToLiveMs(settings.ttl ?? reviewDefaults.ttl, "slipway:review.ttl") : timeToLiveMs(ttl, "--ttl");
  const stack = environmentStack(environment);
  const namespace = environmentNamespace(project, environment);
  const checked = await checkedSettings(stack);
  const labels = { ...(await securityLabels(template, checked)), ...environmentLabels(project, environment) };
  const commit = (await originOf()).commit?.sha.slice(0, 12);
  const expires = () => new Date(cluster.now() + ttlMs).toISOString().replace(/\.\d+Z$/, "Z");
  const described = (): Manifest => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels, annotations: { [annotation.expires]: expires(), ...(commit && { [annotation.commit]: commit }) } },
  });
  await pollUntil(
    async () => {
      const found = await cluster.find({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      if (found === undefined) return create(described(), template);
      const known = environmentIn(found, project);
      if (known === undefined)
        throw new UserError(
          `The namespace ${namespace} exists, and is no review environment of the project "${project}". Nothing was changed. Choose another --id, or delete the namespace.`,
        );
      if (known.isClosed) return finishRemoval(template, known);
      return renew(found, described(), template);
    },
    { timeoutSeconds: 200, onTimeout: () => new UserError(`The namespace ${namespace} is still being deleted. Try again later.`) },
  );
  return { stack, namespace, expires: expires(), commit };
}

async function securityLabels({ name, kubernetes }: Template, { services, jobs }: Settings): Promise<Record<string, string>> {
  const seen = await look(kubernetes);
  if (typeof seen === "string") throw new UserError(`Stack "${name}" cannot be reached:\n  - ${seen}`);
  return { ...podSecurityLabels([...Object.values(services), ...Object.values(jobs)]), ...namespaceLabels(seen) };
}

/**
 * Checks the settings before anything is created. The program does not do that, because a process runs one only.
 *
 * @throws UserError that lists what is wrong, as the program would.
 */
async function checkedSettings(name: string): Promise<Settings> {
  const { config } = readStack(name);
  const prefix = `${settingsNamespace}:`;
  const own = Object.entries(config).flatMap(([key, text]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), parseConfigValue(text)] as const] : [],
  );
  const input = Object.fromEntries(own) as Record<string, unknown>;
  // The program reports tags without a digest in the lock file.
  for (const root of ["services", "jobs"]) if (isMap(input[root])) input[root] = withExampleDigests(input[root] as Record<string, object>);
  const { file, secretPaths } = readStackFile(name);
  const { value, problems } = await checkSettings(input, loadPlatform, { secretPaths });
  throwIfAny(
    problems.map((problem) => prefix + formatProblem(problem)),
    `The configuration of stack "${name}" is invalid. In ${file}:`,
  );
  return value!;
}

/** False if another run has created it meanwhile. */
async function create(namespace: Manifest, template: Template): Promise<boolean> {
  const { cluster, project, name, settings, file } = template;
  const created = await cluster.create<Manifest>(namespace).catch((error: unknown) => {
    if (error instanceof KubernetesError && error.status === 409) return undefined;
    if (error instanceof KubernetesError && error.status === 403)
      throw new UserError(
        `The namespace ${namespace.metadata?.name} cannot be created: ${error.message}. An administrator gets a ClusterRole with the rights that are needed from slipway rbac --stack ${name}.`,
      );
    throw error;
  });
  if (created === undefined) return false;
  // Counted afterwards, so that of two runs at a time only one gets the last place.
  const limit = settings.limit ?? reviewDefaults.limit;
  const open = async () => (await environmentsOf(cluster, project, name)).filter(({ isClosed }) => !isClosed);
  let all = await open();
  // Times of creation are in seconds: once that second is over, all runs see the same order.
  if (all.length >= limit) await setTimeout(1100);
  if (all.length >= limit) all = await open();
  const place = all.findIndex((one) => one.namespace.metadata?.uid === created.metadata?.uid);
  if (place === -1) throw new Error(`the namespace ${namespace.metadata?.name} was deleted while it was prepared. Try again.`);
  if (place < limit) return true;
  await cluster.remove(created, 60);
  const ids = all.slice(0, place).map(({ id }) => id);
  throw new UserError(
    `There are ${place} environments of the template "${name}" (${ids.join(", ")}), and ${file} allows ${limit}. Delete one: slipway review down --id ${ids[0]}, delete those whose time is over: slipway review reap, or raise slipway:review.limit.`,
  );
}

/** False if it has changed meanwhile: it may be in deletion now. */
async function renew(found: Manifest, { metadata }: Manifest, { cluster }: Template): Promise<boolean> {
  const { name, resourceVersion } = found.metadata!;
  const { labels, annotations } = metadata!;
  try {
    await cluster.merge({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: name!, resourceVersion: resourceVersion!, labels: labels!, annotations: annotations! },
    });
    return true;
  } catch (error) {
    if (error instanceof KubernetesError && [404, 409].includes(error.status)) return false;
    throw error;
  }
}

/** Deletes what is left of an environment that was closed, unless somebody does so. */
async function finishRemoval(template: Template, closed: Environment): Promise<false> {
  await removeEnvironment(template, closed, { untilNameIsFree: true }).catch((error: unknown) => {
    if (!(error instanceof LockedError)) throw error;
  });
  return false;
}

/** Records, after a successful up, where the services of an environment answer. */
export async function recordUrls({ cluster }: Template, namespace: string, urls: Record<string, string>): Promise<void> {
  const annotations = { [annotation.urls]: JSON.stringify(urls) };
  await cluster.merge({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, annotations } });
}
