import { UserError } from "../../../lib/user-error.ts";
import * as pulumi from "@pulumi/pulumi";
import { EksAddOns, type EksAddOnsArgs } from "../../../components/eks-add-ons.ts";
import { record, settle, tree } from "../harness.ts";

const build = (args: EksAddOnsArgs = {}, preview = false) => record(() => new EksAddOns("prod", args), { preview });
const certificate = "arn:aws:acm:eu-central-1:111122223333:certificate/1-2";

async function objectOf(kind: string, args: EksAddOnsArgs = {}) {
  const { resources } = await build(args);
  return resources.find((r) => r.type.endsWith(`:${kind}`))?.inputs;
}

const child = "slipway:index:EksAddOns$kubernetes";
const storage = ["slipway:index:EksAddOns prod", `${child}:storage.k8s.io/v1:StorageClass prod-gp3`];
const ofAutoMode = [
  `${child}:core/v1:ConfigMap prod-network-policy`,
  `${child}:eks.amazonaws.com/v1:IngressClassParams prod-alb`,
  `${child}:networking.k8s.io/v1:IngressClass prod-alb`,
];

describe("objects", () => {
  test.each([false, true])("with Auto Mode: all of them, as children (preview: %s)", async (preview) => {
    expect(tree((await build({}, preview)).urns)).toEqual([...storage, ...ofAutoMode].sort());
  });
  test("with managed node groups: only the StorageClass", async () => {
    expect(tree((await build({ autoMode: false })).urns)).toEqual(storage);
  });
});

test("network policies are enforced", async () => {
  const { metadata, data } = (await objectOf("ConfigMap"))!;
  expect([metadata, data]).toEqual([{ name: "amazon-vpc-cni", namespace: "kube-system" }, { "enable-network-policy-controller": "true" }]);
});

test("by default, volumes are encrypted, in the zone of their pod, and can be expanded", async () => {
  const { apiVersion: _a, kind: _k, ...storageClass } = (await objectOf("StorageClass"))!;
  expect(storageClass).toEqual({
    metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "ebs.csi.eks.amazonaws.com",
    parameters: { type: "gp3", encrypted: "true" },
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
    reclaimPolicy: "Delete",
  });
  expect((await objectOf("StorageClass", { autoMode: false }))!.provisioner).toBe("ebs.csi.aws.com");
});

test("the default IngressClass is Auto Mode's and refers to its parameters", async () => {
  const { metadata, spec } = (await objectOf("IngressClass"))!;
  expect(metadata).toEqual({ name: "alb", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } });
  expect(spec).toEqual({
    controller: "eks.amazonaws.com/alb",
    parameters: { apiGroup: "eks.amazonaws.com", kind: "IngressClassParams", name: "alb" },
  });
  const parameters = (await objectOf("IngressClassParams"))!;
  expect([parameters.apiVersion, parameters.kind, parameters.metadata]).toEqual([
    "eks.amazonaws.com/v1",
    "IngressClassParams",
    { name: "alb" },
  ]);
});

test("by default, the load balancer is internal, shared, and drops invalid headers", async () => {
  expect((await objectOf("IngressClassParams"))!.spec).toEqual({
    scheme: "internal",
    group: { name: "prod" },
    ipAddressType: "ipv4",
    loadBalancerAttributes: [
      { key: "deletion_protection.enabled", value: "false" },
      { key: "idle_timeout.timeout_seconds", value: "60" },
      { key: "routing.http.drop_invalid_header_fields.enabled", value: "true" },
      { key: "access_logs.s3.enabled", value: "false" },
    ],
    tags: [],
  });
});

test("the load balancer has the given settings, including outputs", async () => {
  const loadBalancer: EksAddOnsArgs["loadBalancer"] = {
    scheme: "internet-facing",
    certificateArns: [pulumi.output(certificate)],
    group: "shop",
    subnetIds: pulumi.output(["subnet-a", "subnet-b"]),
    deletionProtection: true,
    idleTimeoutSeconds: 120,
    accessLogs: { bucket: pulumi.output("logs"), prefix: "alb" },
  };
  const args = { loadBalancer, tags: { team: pulumi.output("a") } };
  expect((await objectOf("IngressClassParams", args))!.spec).toEqual({
    scheme: "internet-facing",
    group: { name: "shop" },
    ipAddressType: "ipv4",
    certificateARNs: [certificate],
    subnets: { ids: ["subnet-a", "subnet-b"] },
    loadBalancerAttributes: [
      { key: "deletion_protection.enabled", value: "true" },
      { key: "idle_timeout.timeout_seconds", value: "120" },
      { key: "routing.http.drop_invalid_header_fields.enabled", value: "true" },
      { key: "access_logs.s3.enabled", value: "true" },
      { key: "access_logs.s3.bucket", value: "logs" },
      { key: "access_logs.s3.prefix", value: "alb" },
    ],
    tags: [{ key: "team", value: "a" }],
  });
  expect((await objectOf("StorageClass", args))!.parameters).toEqual({ type: "gp3", encrypted: "true", tagSpecification_1: "team=a" });
});

test("the outputs are the names of the classes; no IngressClass without Auto Mode", async () => {
  const { result } = await build();
  expect(await settle(pulumi.all([result.ingressClassName, result.storageClassName]))).toEqual({ value: ["alb", "gp3"], secret: false });
  expect((await build({ autoMode: false })).result.ingressClassName).toBeUndefined();
});

describe("invalid arguments are rejected", () => {
  test.each<[EksAddOnsArgs, string]>([
    [{ autoMode: false, loadBalancer: {} }, "loadBalancer: requires EKS Auto Mode. Omit it, or omit autoMode: false"],
    [{ loadBalancer: { scheme: "public" as "internal" } }, 'loadBalancer.scheme: must be internal or internet-facing (got "public")'],
    [
      { loadBalancer: { certificateArns: [certificate, "arn:aws:iam::111122223333:server-certificate/a"] } },
      'loadBalancer.certificateArns[1]: must be the ARN of an ACM certificate (got "arn:aws:iam::<account>:server-certificate/a")',
    ],
    [{ loadBalancer: { group: "Shop" } }, 'loadBalancer.group: must be at most 63 lower-case letters, digits, "-" and "." (got "Shop")'],
    [{ loadBalancer: { subnetIds: ["subnet-a"] } }, "loadBalancer.subnetIds: must be at least 2 subnets in different zones (got 1)"],
    [{ loadBalancer: { idleTimeoutSeconds: 4001 } }, "loadBalancer.idleTimeoutSeconds: must be between 1 and 4000 (got 4001)"],
  ])("%j", async (args, message) => {
    await expect(build(args)).rejects.toThrow(new UserError(`EksAddOns "prod":\n  - ${message}.`));
  });
});
