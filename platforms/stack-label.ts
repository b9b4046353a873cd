import * as pulumi from "@pulumi/pulumi";
import { stackLabelValue } from "../lib/docker-labels.ts";

/** What the label of the objects of a stack of the current project is. */
export function labelOfStack(name: string): string {
  return stackLabelValue({ project: pulumi.getProject(), name });
}
