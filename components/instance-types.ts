import { types } from "@pulumi/aws";
import { AmiType } from "./eks-cluster-args.ts";

/** Families of instance types that the provider knows, such as `m8g`. */
const families = new Set(Object.values(types.enums.ec2.InstanceType).map((type) => type.split(".")[0]));

/** What is wrong with an EC2 instance type, or nothing. */
export function problemWithInstanceType(type: string): string | undefined {
  const [, family, size] = /^([a-z][a-z0-9-]*)\.([a-z0-9-]+)$/.exec(type) ?? [];
  if (family === undefined || size === undefined) return `must be an EC2 instance type such as m8g.large (got "${type}")`;
  if (!families.has(family)) return `must be of a family of EC2 instance types, such as m8g or c8i (got "${type}") of "${family}"`;
  if (!/^(nano|micro|small|medium|large|xlarge|\d+xlarge|metal(-\d+xl)?)$/.test(size)) {
    return `must be of a size of EC2 instance types, such as large or 2xlarge (got "${type}") of "${size}"`;
  }
  return undefined;
}

/** Whether a type has an ARM processor: a Graviton has a `g` after its generation, as in `c8gn`, but for the first, `a1`. */
export function isArm(type: string): boolean {
  return /^(a1|[a-z]+\d+[a-z]*g[a-z]*)\./.test(type);
}

export function isArmImage(amiType: string): boolean {
  return amiType.includes("_ARM_");
}

export function defaultAmiType(instanceTypes: string[]): AmiType {
  return instanceTypes.every(isArm) ? AmiType.Al2023Arm : AmiType.Al2023X86;
}
