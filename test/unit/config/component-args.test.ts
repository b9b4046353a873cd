import { readFileSync } from "node:fs";
import ts from "typescript";
import { settingsBelow } from "../../../config/schema/setting.ts";
import { settings } from "../../../config/settings.ts";

// Platform settings that become component arguments must have the same names and the same defaults. The compiler compares the types where
// a platform passes the settings to a component.

interface Pair {
  /** Path of the settings in a stack file; `*` for any key. */
  path: string;
  /** File and interface of the arguments. */
  args: [file: string, name: string];
  /** Settings that the component does not have, with their purpose. */
  ofPlatform?: Record<string, string>;
  /** Arguments that stack files do not have, with their source. */
  ofComponent?: Record<string, string>;
  /** Settings whose default differs between the platform and the component. */
  otherDefaults?: string[];
}

const byPlatform = "the platform";
const pairs: Pair[] = [
  {
    path: "local",
    args: ["local-cluster", "LocalClusterArgs"],
    ofPlatform: { cluster: "whether there is a LocalCluster in the stack" },
    ofComponent: { folder: byPlatform, labels: byPlatform, nodePorts: "publish" },
  },
  { path: "local.ports", args: ["local-cluster", "LocalClusterPorts"] },
  { path: "docker.ports", args: ["container-host", "ContainerHostPorts"] },
  { path: "docker.certificates.*", args: ["container-host", "CertificateArgs"] },
  { path: "swarm.ports", args: ["container-host", "ContainerHostPorts"] },
  {
    path: "eks.network",
    args: ["network-args", "NetworkArgs"],
    ofPlatform: {
      vpcId: "an existing VPC",
      privateSubnetIds: "an existing VPC",
      loadBalancerSubnetIds: "an existing VPC",
      loadBalancerCidrs: "an existing VPC",
    },
    ofComponent: {
      region: "eks.region",
      flowLogRetentionDays: "eks.logRetentionDays",
      kmsKeyArn: byPlatform,
      roles: "eks.roles",
      tags: "eks.tags",
    },
  },
  { path: "eks.roles", args: ["role-args", "RoleArgs"] },
  { path: "eks.endpoint", args: ["eks-cluster-args", "EndpointArgs"] },
  { path: "eks.access.*", args: ["eks-cluster-args", "AccessEntryArgs"] },
  { path: "eks.nodeGroups.*", args: ["eks-cluster-args", "NodeGroupArgs"] },
  { path: "eks.nodeGroups.*.taints.*", args: ["eks-cluster-args", "TaintArgs"] },
  {
    path: "eks.loadBalancer",
    args: ["eks-load-balancer-args", "LoadBalancerArgs"],
    ofComponent: { certificateArns: "eks.domain", group: byPlatform, subnetIds: "eks.network" },
    otherDefaults: ["scheme"],
  },
  { path: "eks.loadBalancer.accessLogs", args: ["eks-load-balancer-args", "AccessLogsArgs"] },
];

test.each(pairs)("$path has the same keys as $args.1", ({ path, args, ofPlatform = {}, ofComponent = {} }) => {
  const names = [...below(path).keys(), ...Object.keys(ofComponent)].filter((name) => !(name in ofPlatform));
  expect(names.sort()).toEqual([...argumentsOf(...args).keys()].sort());
});

test.each(pairs)("$path has the same defaults as $args.1", ({ path, args, otherDefaults = [] }) => {
  const documented = argumentsOf(...args);
  for (const [name, value] of below(path))
    if (value !== undefined && documented.has(name) && !otherDefaults.includes(name))
      expect([name, documented.get(name)]).toEqual([name, JSON.stringify(value)]);
});

/** The settings directly below a path, with their default values. */
function below(path: string): Map<string, unknown> {
  const [platform = "", ...rest] = path.split(".");
  const schema = settings.shape[platform as "local" | "docker" | "swarm" | "eks"];
  const inside = settingsBelow(schema).filter((one) => one.path.slice(0, -1).join(".") === rest.join("."));
  expect(inside.length).toBeGreaterThan(0);
  return new Map(inside.map((one) => [one.path.at(-1)!, one.definition?.default]));
}

/** The properties of an interface, with the text of their `@default`. */
function argumentsOf(file: string, name: string): Map<string, string | undefined> {
  const path = `components/${file}.ts`;
  const { statements } = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const found = statements.filter(ts.isInterfaceDeclaration).find((one) => one.name.text === name);
  const text = (member: ts.TypeElement) => ts.getJSDocTags(member).find((tag) => tag.tagName.text === "default")?.comment;
  return new Map(found?.members.map((member) => [member.name?.getText() ?? "", ts.getTextOfJSDocComment(text(member))]));
}
