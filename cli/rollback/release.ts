import { DeploymentResult, type Commit, type Deployment } from "../../lib/deployment-record.ts";
import { UserError } from "../../lib/user-error.ts";
import { imagesOf, lastSucceeded } from "../history/deployments.ts";
import { formatCommit, formatTime } from "../history/format.ts";

/** A deployment that a stack can be rolled back to. */
export interface Release {
  deployment: Deployment;
  /** By service and job, by digest. */
  images: Record<string, string>;
  /** The commit with its settings. @default - only the images are rolled back */
  commit?: Commit;
}

/** How many deployments a message lists. */
const listed = 5;

/**
 * The deployment with a number, if the stack can be rolled back to it.
 *
 * @param id as the user has written it
 * @param file the stack file, relative to the project's root
 * @throws UserError that lists the deployments that can be used.
 */
export function releaseAt(deployments: Deployment[], id: string, file: string, imagesOnly: boolean, stack: string): Release {
  const deployment = deployments.find((one) => String(one.id) === id);
  const reject = (problem: string): never => {
    throw new UserError(`--to: ${problem}. ${candidates(deployments, stack)}`);
  };
  if (deployment === undefined) return reject(`stack "${stack}" has no deployment ${id}`);
  const { result, command } = deployment;
  if (result !== DeploymentResult.Succeeded) return reject(`deployment ${id} of stack "${stack}" is ${result}`);
  if (command === "down") return reject(`deployment ${id} deleted stack "${stack}"`);
  const images = imagesOf(deployment);
  if (Object.keys(images).length === 0) return reject(`the images of deployment ${id} of stack "${stack}" are not known`);
  if (imagesOnly) return { deployment, images };
  return { deployment, images, commit: commitOf(deployment, file, stack) };
}

/** The commit of a deployment, if it has the settings that were deployed. */
function commitOf({ id, commit }: Deployment, file: string, stack: string): Commit {
  const remedy = "Choose another deployment, or roll back the images alone: --images-only";
  if (commit === undefined)
    throw new UserError(`--to: the commit of deployment ${id} of stack "${stack}" is not known, so neither are its settings. ${remedy}.`);
  const { dirty, changed } = commit;
  if (!dirty || (changed !== undefined && !changed.includes(file))) return commit;
  const what = changed === undefined ? "a checkout with uncommitted changes" : `a checkout in which ${file} was not committed`;
  throw new UserError(`--to: deployment ${id} of stack "${stack}" was of ${what}, so git does not have its settings. ${remedy}.`);
}

function candidates(deployments: Deployment[], stack: string): string {
  const running = lastSucceeded(deployments);
  const usable = deployments.filter(
    (one) =>
      one.id !== running?.id &&
      one.result === DeploymentResult.Succeeded &&
      one.command !== "down" &&
      Object.keys(imagesOf(one)).length > 0,
  );
  if (usable.length === 0) return `It has no earlier deployment that succeeded: slipway history --stack ${stack}.`;
  const lines = usable.slice(0, listed).map((one) => `  ${one.id}  ${formatTime(one.started)}  ${formatCommit(one.commit)}`.trimEnd());
  return [`Use one of these:`, ...lines].join("\n");
}
