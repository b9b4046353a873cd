import { EcrRepository } from "../../components/ecr-repository.ts";
import { readStack } from "../../config/stack-file.ts";
import { registeredBy, registrations, type Registered } from "../render.ts";
import { account } from "../unit/platforms/aws-outputs.ts";

/** The stack prod with changed settings. */
function prodWith(eks: object, services?: object) {
  const { config, secretKeys } = readStack("prod");
  const changed = { ...(JSON.parse(config["slipway:eks"]!) as object), ...eks };
  const own = services && { "slipway:services": JSON.stringify(services) };
  return { config: { ...config, "slipway:eks": JSON.stringify(changed), ...own }, secretKeys };
}

const image = `${account}.dkr.ecr.eu-central-1.amazonaws.com/app@sha256:${"0".repeat(64)}`;
const spot = { instanceTypes: ["c8i.large", "c7i.large"], minSize: 0, maxSize: 9, capacityType: "SPOT", amiType: "BOTTLEROCKET_x86_64" };
const nodeGroups = {
  system: { instanceTypes: ["m8g.large"], minSize: 2, maxSize: 4 },
  spot: { ...spot, taints: [{ key: "spot", effect: "NO_SCHEDULE" }] },
};
const roles = { path: "/slipway/", permissionsBoundary: `arn:aws:iam::${account}:policy/boundary` };
/** As long as the platform allows: 46 characters of the cluster, 36 of a node group, and 56 of a cluster and a service. */
const longestNames = {
  stack: "s".repeat(46 - "slipway-".length),
  nodeGroup: "g".repeat(36),
  service: "w".repeat(56 - 46 - "-".length),
};
const policyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: `arn:aws:sqs:eu-central-1:${account}:orders` }],
};
const permissions = { policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"], policyDocument };
const existingNetwork = {
  vpcId: "vpc-0123456789abcdef0",
  privateSubnetIds: ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2"],
  loadBalancerSubnetIds: ["subnet-0123456789abcdef3", "subnet-0123456789abcdef4"],
  loadBalancerCidrs: ["10.0.3.0/24"],
};

const stacks = {
  dev: readStack("dev"),
  staging: readStack("staging"),
  prod: readStack("prod"),
  "node-groups": prodWith({ nodeGroups, domain: undefined, roles }, { web: { image, aws: permissions } }),
  "without-nat": prodWith({ network: { nat: "none" }, loadBalancer: { scheme: "internal" }, containerInsights: true }),
  "regional-nat": prodWith({ network: { nat: "regional" } }),
  "given-network": prodWith({ network: existingNetwork }),
};

type Rendered = Record<Stack, Registered[]>;
/** The name of a stack that these tests look at. */
export type Stack = keyof typeof stacks | "repository";

let rendered: Promise<Rendered> | undefined;

/**
 * The resources of stacks that together use everything in the platform, and of a repository with options that the platform does not use. Test
 * files share them, so they must not change them.
 */
export function awsStacks(): Promise<Rendered> {
  return (rendered ??= render());
}

/** A stack with names that are as long as the platform allows. */
export async function stackWithLongestNames(): Promise<Registered[]> {
  const { stack, nodeGroup, service } = longestNames;
  const eks = { nodeGroups: { [nodeGroup]: nodeGroups.system }, domain: undefined, containerInsights: true };
  using _silent = silenced();
  return await registrations(prodWith(eks, { [service]: { image, aws: permissions } }), stack);
}

/** Nothing warns, until the end of the scope. */
function silenced(): Disposable {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  return { [Symbol.dispose]: () => warn.mockRestore() };
}

async function render(): Promise<Rendered> {
  using _silent = silenced();
  const pullPrincipals = [`arn:aws:iam::${account}:role/nodes`];
  const repository = await registeredBy(() => new EcrRepository("shop/web", { pullPrincipals }));
  const found: Partial<Rendered> = { repository };
  for (const name of Object.keys(stacks) as (keyof typeof stacks)[]) found[name] = await registrations(stacks[name]);
  return found as Rendered;
}
