import type { Held, Promoted } from "../../config/lock-file.ts";
import { Platform } from "../../config/schema/setting.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import { digestOf, isByDigest } from "../../lib/image-reference.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import { imagesOf, lastSucceeded } from "../history/deployments.ts";

/** An image that is promoted. */
export interface Promotion {
  /** Service or job. */
  name: string;
  /** By digest, in the registry of the source. */
  image: string;
  digest: string;
  /** Repository in the registry of the target. */
  repository: string;
  entry: Promoted;
}

export interface Plan {
  promotions: Promotion[];
  /** What the user should know, such as services that are not promoted. */
  notes: string[];
}

/** A stack and its deployments, the newest first. */
export interface Side {
  stack: Stack;
  deployments: Deployment[];
  /** Images that a rollback of the stack has replaced, by service or job. @default - none */
  held?: Record<string, Held[]> | undefined;
}

/**
 * Decides which images are promoted: those that ran after the last deployment of the source that succeeded, of services and jobs that the target
 * builds from a source.
 *
 * @param wanted names of services and jobs. @default - all that both stacks have
 * @throws UserError that lists everything that keeps an image from being promoted.
 */
export function planPromotion(from: Side, to: Side, wanted: string[]): Plan {
  const deployment = lastSucceeded(from.deployments);
  if (deployment === undefined)
    throw new UserError(
      `Stack "${from.stack.name}" has no successful deployment, so there is nothing to promote. Run slipway up --stack ${from.stack.name} first.`,
    );
  const images = imagesOf(deployment);
  const built = builtIn(to.stack);
  const names = wanted.length > 0 ? wanted : Object.keys(images).filter((name) => built.includes(name));
  const problems: string[] = [];
  const promotions = names.flatMap((name): Promotion[] => {
    const image = images[name];
    if (!built.includes(name)) problems.push(`${name}: stack "${to.stack.name}" has no service or job of that name with a source`);
    else if (image === undefined || !isByDigest(image)) problems.push(`${name}: did not run in stack "${from.stack.name}"`);
    else {
      const repository = repositoryIn(to, name);
      const held = to.held?.[name]?.find((one) => digestOf(one.image) === digestOf(image));
      if (held !== undefined) problems.push(problemWithHeld(name, held, to.stack.name));
      else if (repository === undefined)
        problems.push(
          `${name}: nobody knows the repository for it in stack "${to.stack.name}". Set its registry, or run slipway up --stack ${to.stack.name} once`,
        );
      else return [promotionOf({ name, image, repository }, from.stack.name, deployment)];
    }
    return [];
  });
  throwIfAny(problems, `Nothing was promoted from "${from.stack.name}" to "${to.stack.name}":`);
  if (promotions.length === 0)
    throw new UserError(
      `The stacks "${from.stack.name}" and "${to.stack.name}" have no service or job with a source in common, so there is nothing to promote.`,
    );
  return { promotions, notes: notesOn(from, deployment, names, built) };
}

function promotionOf(
  { name, image, repository }: Pick<Promotion, "name" | "image" | "repository">,
  from: string,
  { id, commit }: Deployment,
): Promotion {
  const digest = digestOf(image);
  const entry = { image: `${repository}@${digest}`, from, deployment: id, ...(commit && { commit: commit.sha }) };
  return { name, image, digest, repository, entry };
}

function problemWithHeld(name: string, { image, since, by, reason }: Held, stack: string): string {
  const why = reason === undefined ? "" : ` (${reason})`;
  return `${name}: ${digestOf(image)} was rolled back in stack "${stack}" on ${since} by ${by}${why}. Promote another image, or allow this one again: slipway rollback --stack ${stack} --unhold ${name}`;
}

function notesOn({ stack, deployments }: Side, used: Deployment, names: string[], built: string[]): string[] {
  const [newest] = deployments;
  const left = built.filter((name) => !names.includes(name) && imagesOf(used)[name] === undefined);
  return [
    ...(newest!.id === used.id
      ? []
      : [`the last deployment of "${stack.name}" (${newest!.id}) is ${newest!.result}: promoted is what deployment ${used.id} ran`]),
    ...(used.commit?.dirty ? [`deployment ${used.id} of "${stack.name}" was of a checkout with uncommitted changes`] : []),
    ...left.map((name) => `${name} does not run in "${stack.name}", so it is not promoted`),
  ];
}

/** Services and jobs with a source. */
export function builtIn(stack: Stack): string[] {
  return ["services", "jobs"].flatMap((root) =>
    Object.entries(settingsIn(stack, root)).flatMap(([name, one]) => (isMap(one) && one["source"] !== undefined ? [name] : [])),
  );
}

/** Where the target has the image of a service: in the registry of its settings, otherwise where its last one is. */
function repositoryIn({ stack, deployments }: Side, name: string): string | undefined {
  const platform = platformOf(stack);
  const { registry } = settingsIn(stack, platform);
  const inSettings = platform === Platform.Kubernetes ? registry : isMap(registry) ? registry["repository"] : undefined;
  if (typeof inSettings === "string") return `${inSettings}/${name}`;
  const last = deployments.map((deployment) => imagesOf(deployment)[name]).find((image) => image !== undefined);
  return last?.replace(/(:[\w.-]+)?@.*$/, "");
}
