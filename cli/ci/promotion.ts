import { Platform } from "../../config/schema/setting.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { builtIn } from "../promote/plan.ts";
import { differencesInBuild } from "../promote/same-build.ts";

/** How a stack gets its images in the workflow that deploys. */
export interface ImageOrigin {
  stack: string;
  /** The stack before it, whose images it gets. @default - its images are built */
  promotedFrom?: string;
  /** Why they are built, or which of them are built all the same. @default - it is the first stack */
  note?: string;
}

/** Decides for stacks, in the order of their deployment, whether each gets the images of the one before it. */
export function imageOrigins(stacks: Stack[]): ImageOrigin[] {
  return stacks.map((stack, i) => (i === 0 ? { stack: stack.name } : imageOrigin(stack, stacks[i - 1]!)));
}

function imageOrigin(to: Stack, from: Stack): ImageOrigin {
  const { name: stack } = to;
  const problem = problemWithRegistry(from) ?? problemWithRegistry(to);
  if (problem !== undefined) return { stack, note: problem };
  const names = builtIn(to).filter((name) => builtIn(from).includes(name));
  if (names.length === 0) return { stack, note: `it has no service or job with a source in common with ${from.name}` };
  const others = names.flatMap((name) => {
    const settings = differencesInBuild(from, to, name).join(", ");
    return settings === "" ? [] : [`${name} (${settings})`];
  });
  if (others.length === names.length)
    return { stack, note: `its settings for that differ from those of ${from.name}: ${others.join(", ")}` };
  return { stack, promotedFrom: from.name, ...(others.length > 0 && { note: others.join(", ") }) };
}

/** Images are copied between registries that are known before anything is deployed. */
function problemWithRegistry(stack: Stack): string | undefined {
  const platform = platformOf(stack);
  if (platform !== Platform.Kubernetes) return `the registry of ${stack.name} is part of its ${platform} stack`;
  if (typeof settingsIn(stack, platform)["registry"] === "string") return undefined;
  return `slipway:kubernetes.registry of ${stack.name} is not set`;
}

/** What `slipway ci` says of it. */
export function formatOrigin({ promotedFrom, note }: ImageOrigin): string {
  if (promotedFrom === undefined) return note === undefined ? "built" : `built, because ${note}`;
  return `those of ${promotedFrom}, promoted${note === undefined ? "" : `; built are those with different settings: ${note}`}`;
}
