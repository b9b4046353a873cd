import type { PolicyRuleId } from "../../../config/schema/policy-rule-ids.ts";
import { unknown, type Properties } from "../../../lib/values.ts";
import { resource, verdictOn } from "./policy-samples.ts";

const cluster = (inputs: Properties) => resource("aws:eks/cluster:Cluster", inputs);
const api = (vpcConfig: Properties) => cluster({ vpcConfig });
const group = (...ingress: Properties[]) => resource("aws:ec2/securityGroup:SecurityGroup", { ingress });
const defaultGroup = (inputs: Properties) => resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", inputs);
const groupRule = (inputs: Properties) => resource("aws:ec2/securityGroupRule:SecurityGroupRule", inputs);
const ingressRule = (inputs: Properties) => resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", inputs);
const policy = (document: unknown) => resource("aws:iam/policy:Policy", { policy: document });
const statement = (Action: string | string[], Effect = "Allow") => policy({ Statement: { Effect, Action, Resource: "*" } });
const allButIam = { Statement: { Effect: "Allow", NotAction: "iam:*", Resource: "*" } };
const allOfS3 = { Statement: { Effect: "Allow", Action: "s3:*", Resource: "*" } };
const role = (...policies: unknown[]) => resource("aws:iam/role:Role", { inlinePolicies: policies.map((policy) => ({ policy })) });
const attached = (name: string) =>
  resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn: `arn:aws:iam::aws:policy/${name}` });
const template = (inputs: Properties) => resource("aws:ec2/launchTemplate:LaunchTemplate", inputs);
const repository = (inputs: Properties) => resource("aws:ecr/repository:Repository", inputs);

const exposed = "exposes the Kubernetes API to the internet";
const wildcard = "allows all actions of a service (*)";
const exceptListed = "allows all actions but those that it lists (NotAction)";
const open = "allows inbound traffic from anywhere to ports other than 80 and 443";
const byOtherMeans = "grants access by other means than access entries";
const unencrypted = "does not encrypt Secrets with a customer managed key";
const forgeable = "does not require IMDSv2, so a forged request can read the credentials of its role";

const table: [rule: PolicyRuleId, situation: string, of: ReturnType<typeof resource>, expected: string][] = [
  ["private-api-endpoint", "a cluster without settings has the public endpoint of AWS", cluster({}), exposed],
  ["private-api-endpoint", "a public endpoint without ranges is open to all", api({ endpointPublicAccess: true }), exposed],
  ["private-api-endpoint", "one range of all addresses is enough", api({ publicAccessCidrs: ["10.0.0.0/8", "0.0.0.0/0"] }), exposed],
  ["private-api-endpoint", "IPv6 counts", api({ publicAccessCidrs: ["::/0"] }), exposed],
  ["private-api-endpoint", "ranges that are not known yet", api({ publicAccessCidrs: unknown }), "passes"],
  ["private-api-endpoint", "ranges of the company", api({ endpointPublicAccess: true, publicAccessCidrs: ["192.0.2.0/24"] }), "passes"],
  ["private-api-endpoint", "a private endpoint", api({ endpointPublicAccess: false }), "passes"],
  ["encrypted-cluster-secrets", "no settings", cluster({}), unencrypted],
  ["encrypted-cluster-secrets", "no provider", cluster({ encryptionConfig: { resources: ["secrets"] } }), unencrypted],
  ["encrypted-cluster-secrets", "no key", cluster({ encryptionConfig: { provider: {} } }), unencrypted],
  ["encrypted-cluster-secrets", "a key", cluster({ encryptionConfig: { provider: { keyArn: "arn:aws:kms:x" } } }), "passes"],
  ["cluster-logs", "no settings", cluster({}), "does not write logs of the type api, audit, authenticator"],
  [
    "cluster-logs",
    "all but one type",
    cluster({ enabledClusterLogTypes: ["api", "authenticator"] }),
    "does not write logs of the type audit",
  ],
  ["cluster-logs", "all types", cluster({ enabledClusterLogTypes: ["audit", "api", "scheduler", "authenticator"] }), "passes"],
  ["access-by-entries", "no settings", cluster({}), byOtherMeans],
  ["access-by-entries", "rights of the creator by default", cluster({ accessConfig: { authenticationMode: "API" } }), byOtherMeans],
  [
    "access-by-entries",
    "rights of the creator",
    cluster({ accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true } }),
    byOtherMeans,
  ],
  [
    "access-by-entries",
    "only entries",
    cluster({ accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false } }),
    "passes",
  ],
  ["immutable-tags", "the default of AWS", repository({}), "allows tags to be overwritten"],
  ["immutable-tags", "tags that some exceptions may overwrite", repository({ imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" }), "passes"],
  ["immutable-tags", "all tags but some", repository({ imageTagMutability: "MUTABLE_WITH_EXCLUSION" }), "allows tags to be overwritten"],
  [
    "encrypted-repository",
    "a key of AWS",
    repository({ encryptionConfigurations: [{ encryptionType: "KMS" }] }),
    "is not encrypted with a customer managed key",
  ],
  ["encrypted-repository", "a key", repository({ encryptionConfigurations: [{ kmsKey: "arn:aws:kms:x" }] }), "passes"],
  [
    "scan-on-push",
    "switched off",
    repository({ imageScanningConfiguration: { scanOnPush: false } }),
    "does not scan images for vulnerabilities",
  ],
  ["no-wildcard-actions", "all actions of all services", statement("*"), wildcard],
  ["no-wildcard-actions", "one of several actions", statement(["s3:GetObject", "ec2:*"]), wildcard],
  ["no-wildcard-actions", "a name with a hyphen", statement("execute-api:*"), wildcard],
  ["no-wildcard-actions", "denied actions", statement("*", "Deny"), "passes"],
  ["no-wildcard-actions", "actions by the start of their name", statement("s3:Get*"), "passes"],
  ["no-wildcard-actions", "actions by the end of their name", statement("s3:*Object"), "passes"],
  ["no-wildcard-actions", "a text that is no action", statement("s3:Get:*"), "passes"],
  ["no-wildcard-actions", "no actions", policy({ Statement: [{ Effect: "Allow" }] }), "passes"],
  ["no-wildcard-actions", "all actions of all services", statement("*:*"), wildcard],
  ["no-wildcard-actions", "the second statement", policy({ Statement: [{ Effect: "Deny" }, { Effect: "Allow", Action: "*" }] }), wildcard],
  ["no-wildcard-actions", "a document in JSON", policy('{"Statement":{"Effect":"Allow","Action":"kms:*"}}'), wildcard],
  ["no-wildcard-actions", "a document that is not known yet", policy("04da6b54-80e4-46f7-96ec-b56ff0331ba9"), "passes"],
  ["no-wildcard-actions", "no document", policy(undefined), "passes"],
  ["no-wildcard-actions", "all actions but some", policy(allButIam), exceptListed],
  ["no-wildcard-actions", "all actions but some, in JSON", policy(JSON.stringify(allButIam)), exceptListed],
  [
    "no-wildcard-actions",
    "all actions but some, in the second statement",
    policy({ Statement: [{ Effect: "Allow", Action: "s3:GetObject" }, allButIam.Statement] }),
    exceptListed,
  ],
  ["no-wildcard-actions", "all actions but some are denied", policy({ Statement: { Effect: "Deny", NotAction: ["s3:*"] } }), "passes"],
  ["no-wildcard-actions", "a policy of a user", resource("aws:iam/userPolicy:UserPolicy", { policy: allOfS3 }), wildcard],
  ["no-wildcard-actions", "a policy of a group", resource("aws:iam/groupPolicy:GroupPolicy", { policy: allOfS3 }), wildcard],
  ["no-wildcard-actions", "the second policy in a role", role({ Statement: [] }, JSON.stringify(allOfS3)), wildcard],
  ["no-wildcard-actions", "all actions but some, in a role", role(JSON.stringify(allButIam)), exceptListed],
  ["no-wildcard-actions", "some actions in a role", role({ Statement: { Effect: "Allow", Action: "s3:GetObject" } }), "passes"],
  ["no-wildcard-actions", "a role without policies", resource("aws:iam/role:Role", {}), "passes"],
  ["no-administrator", "all rights but those of administrators", attached("PowerUserAccess"), "grants administrator permissions"],
  ["no-administrator", "all rights in IAM", attached("IAMFullAccess"), "grants administrator permissions"],
  [
    "no-administrator",
    "a managed policy of a role",
    resource("aws:iam/role:Role", {
      managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess"],
    }),
    "grants administrator permissions",
  ],
  ["no-administrator", "a role without managed policies", resource("aws:iam/role:Role", {}), "passes"],
  ["no-administrator", "a policy with a similar name", attached("AdministratorAccess-Amplify"), "passes"],
  ["closed-ports", "a group that is open to all", group({ cidrBlocks: ["0.0.0.0/0"], fromPort: 22, toPort: 22 }), open],
  ["closed-ports", "IPv6 counts", group({ ipv6CidrBlocks: ["::/0"], fromPort: 22, toPort: 22 }), open],
  [
    "closed-ports",
    "one range, and one entry, are enough",
    group(
      { cidrBlocks: ["10.0.0.0/8"], fromPort: 22, toPort: 22 },
      { cidrBlocks: ["10.0.0.0/8", "0.0.0.0/0"], fromPort: 5432, toPort: 5432 },
    ),
    open,
  ],
  ["closed-ports", "a group for the company", group({ cidrBlocks: ["192.0.2.0/24"], fromPort: 22, toPort: 22 }), "passes"],
  ["closed-ports", "a group without entries", resource("aws:ec2/securityGroup:SecurityGroup", {}), "passes"],
  [
    "closed-ports",
    "outbound traffic of a group",
    resource("aws:ec2/securityGroup:SecurityGroup", { egress: [{ cidrBlocks: ["::/0"] }] }),
    "passes",
  ],
  [
    "closed-ports",
    "the default group of a network",
    defaultGroup({ ingress: [{ cidrBlocks: ["0.0.0.0/0"], protocol: "-1", fromPort: 0, toPort: 0 }] }),
    open,
  ],
  ["closed-ports", "the default group for itself", defaultGroup({ ingress: [{ self: true, fromPort: 0, toPort: 0 }] }), "passes"],
  ["closed-ports", "outbound traffic of the default group", defaultGroup({ egress: [{ cidrBlocks: ["0.0.0.0/0"] }] }), "passes"],
  ["closed-ports", "a rule", groupRule({ type: "ingress", cidrBlocks: ["0.0.0.0/0"], fromPort: 22, toPort: 22 }), open],
  [
    "closed-ports",
    "a rule for outbound traffic",
    groupRule({ type: "egress", cidrBlocks: ["0.0.0.0/0"], fromPort: 0, toPort: 0 }),
    "passes",
  ],
  ["closed-ports", "HTTP", ingressRule({ cidrIpv4: "0.0.0.0/0", fromPort: 80, toPort: 80 }), "passes"],
  ["closed-ports", "HTTPS", ingressRule({ cidrIpv6: "::/0", fromPort: 443, toPort: 443 }), "passes"],
  ["closed-ports", "all ports between HTTP and HTTPS", ingressRule({ cidrIpv4: "0.0.0.0/0", fromPort: 80, toPort: 443 }), open],
  ["closed-ports", "all protocols and ports", ingressRule({ cidrIpv6: "::/0", ipProtocol: "-1" }), open],
  ["no-public-addresses", "the default of AWS", resource("aws:ec2/subnet:Subnet", {}), "passes"],
  ["metadata-by-token", "tokens are optional", template({ metadataOptions: { httpTokens: "optional" } }), forgeable],
  ["metadata-by-token", "an instance", resource("aws:ec2/instance:Instance", { metadataOptions: {} }), forgeable],
  ["metadata-by-token", "tokens are required", template({ metadataOptions: { httpTokens: "required" } }), "passes"],
  [
    "logs-end",
    "a retention of 0 means forever",
    resource("aws:cloudwatch/logGroup:LogGroup", { retentionInDays: 0 }),
    "keeps logs forever",
  ],
];

test.each(table)("%s: %s", (rule, _, of, expected) => {
  expect(verdictOn(rule, [of])).toBe(expected);
});
