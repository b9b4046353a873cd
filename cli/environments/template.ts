import parseDuration from "parse-duration";
import {
  environmentNamespace,
  environmentStack,
  problemWithPlatform,
  validId,
  type ReviewEnvironment,
} from "../../config/review-environment.ts";
import { knownStacks, readStackFile, readProject } from "../../config/project.ts";
import { reviewSettings, timeToLive, type ReviewSettings } from "../../config/schema/review.ts";
import { namespaceName, StateLocation, type KubernetesSettings } from "../../config/schema/kubernetes.ts";
import { Platform } from "../../config/schema/setting.ts";
import { platformOf, readStack, settingsIn, type Stack } from "../../config/stack-file.ts";
import type { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { UserError } from "../../lib/user-error.ts";
import { clusterSettingsOf, reachOnce } from "../state/stores.ts";

/** A stack whose file describes review environments, and its cluster. */
export interface Template {
  project: string;
  name: string;
  /** The stack file. */
  file: string;
  settings: ReviewSettings;
  kubernetes: KubernetesSettings;
  cluster: KubernetesCluster;
}

/**
 * Reads a template and connects to its cluster.
 *
 * @throws UserError that lists what is wrong with it.
 */
export async function openTemplate(name: string): Promise<Template> {
  const stack = readStack(name, { withoutSecrets: true });
  const { file, config } = readStackFile(name);
  const kubernetes = clusterSettingsOf(stack);
  const settings = reviewSettings.safeParse(settingsIn(stack, "review")).data;
  throwIfAny(problemsWith(stack, config), `Stack "${name}" cannot be a template of review environments. In ${file}:`);
  // Their schema has reported what is wrong.
  if (kubernetes === undefined || settings === undefined) throw new UserError(`${file}: is invalid. Run slipway check --stack ${name}`);
  const reached = await reachOnce(stack, kubernetes);
  if (typeof reached === "string") throw new UserError(`Stack "${name}" cannot be reached:\n  - ${reached}`);
  return { project: stack.project, name, file, settings, kubernetes, cluster: reached.cluster };
}

function problemsWith(stack: Stack, config: Record<string, unknown>): string[] {
  const { namespace, state } = settingsIn(stack, Platform.Kubernetes) as Partial<KubernetesSettings>;
  const platform = problemWithPlatform(platformOf(stack));
  return [
    ...(config["slipway:review"] === undefined ? ["slipway:review: is missing. Add it, {} for the defaults"] : []),
    ...(platform === undefined ? [] : [`slipway:platform: ${platform}`]),
    ...(namespace === undefined
      ? []
      : [`slipway:kubernetes.namespace: must not be set, because each environment has its own (got "${namespace}"). Remove it`]),
    ...(state === StateLocation.File
      ? ["slipway:kubernetes.state: must not be file, because the state of an environment is in its namespace. Remove it"]
      : []),
  ];
}

/**
 * Checks an ID.
 *
 * @throws UserError if it cannot be part of a host name and of the name of a namespace.
 */
export function environmentWithId(template: string, id: string): ReviewEnvironment {
  if (!validId.test(id))
    throw new UserError(
      `--id: must have only lower-case letters, digits and hyphens, at most 30, and start and end with a letter or a digit (got "${id}"). Use the number of the pull request.`,
    );
  const environment = { template, id };
  const { name = "" } = readProject();
  const namespace = environmentNamespace(name, environment);
  if (!namespaceName.safeParse(namespace).success)
    throw new UserError(
      `The namespace of the environment would be "${namespace}", which must have only lower-case letters, digits and hyphens, at most 63. Shorten --id, or change the name of the project in Pulumi.yaml.`,
    );
  const stack = environmentStack(environment);
  if (knownStacks().includes(stack))
    throw new UserError(`There is a stack "${stack}" with a file of its own, so it cannot be a review environment. Choose another --id.`);
  return environment;
}

/** Milliseconds of a text such as `72h`. @throws UserError with the name of the option. */
export function timeToLiveMs(text: string, option: string): number {
  const { error } = timeToLive.safeParse(text);
  if (error) throw new UserError(`${option}: ${error.issues[0]!.message} (got "${text}").`);
  return parseDuration(text)!;
}
