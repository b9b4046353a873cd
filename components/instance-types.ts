import { types } from "@pulumi/aws";
import { AmiType } from "./eks-cluster-args.ts";

/** Instance families that Pulumi's AWS provider knows, such as `m8g`. */
const families = new Set(Object.values(types.enums.ec2.InstanceType).map((type) => type.split(".")[0]));

/** What is wrong with an EC2 instance type. */
export function problemWithInstanceType(type: string): string | undefined {
  const [, family, size] = /^([a-z][a-z0-9-]*)\.([a-z0-9-]+)$/.exec(type) ?? [];
  if (family === undefined || size === undefined) return `must be an EC2 instance type, such as m8g.large (got "${type}")`;
  if (!families.has(family)) return `must have a known EC2 instance family, such as m8g or c8i (got "${type}")`;
  if (!/^(nano|micro|small|medium|large|xlarge|\d+xlarge|metal(-\d+xl)?)$/.test(size)) {
    return `must have a known EC2 instance size, such as large or 2xlarge (got "${type}")`;
  }
  return undefined;
}

/** Whether a type has an ARM processor: Graviton types have a `g` after the generation, as in `c8gn`. The first generation is `a1`. */
export function isArm(type: string): boolean {
  return /^(a1|[a-z]+\d+[a-z]*g[a-z]*)\./.test(type);
}

/** Whether a machine image is for ARM processors. */
export function isArmImage(amiType: string): boolean {
  return amiType.includes("_ARM_");
}

/** Amazon Linux 2023 for the architecture of the instance types. */
export function defaultAmiType(instanceTypes: string[]): AmiType {
  return instanceTypes.every(isArm) ? AmiType.Al2023Arm : AmiType.Al2023X86;
}
