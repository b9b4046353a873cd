import * as pulumi from "@pulumi/pulumi";
import { EcrRepository, type EcrRepositoryArgs } from "../../../components/ecr-repository.ts";
import { record, register, settle, tree, type Outputs, type Recorded } from "../harness.ts";

const outputs: Outputs = {
  "aws:ecr/repository:Repository": ({ inputs }) => ({
    repositoryUrl: `111122223333.dkr.ecr.eu-central-1.amazonaws.com/${inputs.name}`,
    arn: `arn:aws:ecr:eu-central-1:111122223333:repository/${inputs.name}`,
    registryId: "111122223333",
  }),
  "aws:kms/key:Key": () => ({ arn: "arn:aws:kms:eu-central-1:111122223333:key/own" }),
};
const build = (args: EcrRepositoryArgs = {}, name = "shop/web") => record(() => new EcrRepository(name, args), { outputs });
const inputsOf = (resources: Recorded[], kind: string) => resources.filter((r) => r.type.endsWith(`:${kind}`)).map((r) => r.inputs);

const child = "slipway:index:EcrRepository$aws";
const least = [
  "slipway:index:EcrRepository shop/web",
  `${child}:ecr/lifecyclePolicy:LifecyclePolicy shop/web`,
  `${child}:ecr/repository:Repository shop/web`,
];

const key = [`${child}:kms/key:Key shop/web`, `${child}:kms/keyPolicy:KeyPolicy shop/web`];

test("the resources are a repository with a lifecycle policy, and a key with its policy", async () => {
  expect(tree((await build()).urns)).toEqual([...least, ...key]);
});

test("the key policy leaves use and administration to IAM policies of this account only", async () => {
  const { resources } = await build();
  const [{ keyId, policy }] = inputsOf(resources, "KeyPolicy") as [Record<string, string>];
  const { Statement } = JSON.parse(policy!) as { Statement: Record<string, string[]>[] };
  expect(keyId).toBe("shop/web-id");
  expect(Statement.map(({ Action, ...rest }) => [rest, Action!.every((action) => /^kms:\w+$/.test(action))])).toEqual([
    [{ Sid: "Account", Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Resource: ["*"] }, true],
  ]);
  const needed = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:PutKeyPolicy", "kms:RetireGrant"];
  expect(needed.filter((action) => !Statement[0]!["Action"]!.includes(action))).toEqual([]);
});

test("the repository depends on the key's policy", async () => {
  const { "Repository shop/web": repository } = await register(() => new EcrRepository("shop/web", {}), { outputs });
  expect(repository!.waitsFor).toEqual(["Key shop/web", "KeyPolicy shop/web"]);
});

test("tags are immutable, images are scanned on push and encrypted with the key, and a repository with images cannot be deleted", async () => {
  const { resources } = await build({ tags: { team: "a" } });
  expect(inputsOf(resources, "Repository")).toEqual([
    {
      name: "shop/web",
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/own" }],
      forceDelete: false,
      tags: { team: "a" },
    },
  ]);
  expect(inputsOf(resources, "Key")).toEqual([
    { description: "Encrypts the images of shop/web", enableKeyRotation: true, deletionWindowInDays: 30, tags: { team: "a" } },
  ]);
});

test("a given key replaces the repository's own key", async () => {
  const { resources, urns } = await build({ kmsKeyArn: pulumi.output("arn:aws:kms:eu-central-1:111122223333:key/given") });
  expect(tree(urns)).toEqual(least);
  expect(inputsOf(resources, "Repository")[0]!.encryptionConfigurations).toEqual([
    { encryptionType: "KMS", kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/given" },
  ]);
});

test("repositoryName overrides the name in the registry, and forceDelete allows deleting a repository with images", async () => {
  const [inputs] = inputsOf((await build({ repositoryName: "dev/shop_web", forceDelete: true })).resources, "Repository");
  expect([inputs!.name, inputs!.forceDelete]).toEqual(["dev/shop_web", true]);
});

const lifecycle = (untagged: object, tagged: number) => ({
  rules: [
    { rulePriority: 1, ...untagged, action: { type: "expire" } },
    {
      rulePriority: 2,
      description: `Of images with a tag the last ${tagged} stay`,
      selection: { tagStatus: "tagged", tagPatternList: ["*"], countType: "imageCountMoreThan", countNumber: tagged },
      action: { type: "expire" },
    },
  ],
});

test("the newest 100 images with a tag are kept, and so many without one that their signatures stay, unless configured otherwise", async () => {
  const policyOf = ({ resources }: { resources: Recorded[] }) => {
    const [{ repository, policy }] = inputsOf(resources, "LifecyclePolicy") as [Record<string, string>];
    expect(repository).toBe("shop/web");
    return JSON.parse(policy!) as object;
  };
  const newest = (countNumber: number) => ({
    description: `Of images without a tag, with what refers to images, the last ${countNumber} stay`,
    selection: { tagStatus: "untagged", countType: "imageCountMoreThan", countNumber },
  });
  expect(policyOf(await build())).toEqual(lifecycle(newest(2000), 100));
  expect(policyOf(await build({ keepTagged: 5 }))).toEqual(lifecycle(newest(100), 5));
  const days = {
    description: "Images without a tag go after 1 days",
    selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 1 },
  };
  expect(policyOf(await build({ keepUntaggedDays: 1, keepTagged: 5 }))).toEqual(lifecycle(days, 5));
});

test("listed principals may pull, and do nothing else", async () => {
  const principals = ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:role/team/nodes"];
  const { resources, urns } = await build({ pullPrincipals: [principals[0]!, pulumi.output(principals[1]!)] });
  expect(tree(urns)).toEqual([...least, `${child}:ecr/repositoryPolicy:RepositoryPolicy shop/web`, ...key]);
  expect(inputsOf(resources, "RepositoryPolicy")).toEqual([
    {
      repository: "shop/web",
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Pull",
            Effect: "Allow",
            Principal: { AWS: principals },
            Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
          },
        ],
      },
    },
  ]);
});

test("the outputs are the URL to push to, the ARN and the account", async () => {
  const { result } = await build();
  const value = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/web";
  expect(await settle(result.repositoryUrl)).toEqual({ value, secret: false });
  expect(await settle(result.arn)).toEqual({ value: "arn:aws:ecr:eu-central-1:111122223333:repository/shop/web", secret: false });
  expect(await settle(result.registryId)).toEqual({ value: "111122223333", secret: false });
});

test("a preview, in which outputs are unknown, registers the same resources", async () => {
  const { urns } = await record(() => new EcrRepository("shop/web", {}), { preview: true });
  expect(tree(urns)).toEqual([...least, ...key]);
});

describe("invalid arguments are rejected before any resource is registered", () => {
  const nameRule =
    'repositoryName: must be 2 to 256 lower-case letters and digits, separated by single ".", "_", "-" or "/", such as shop/web';
  const principalRule = "must be the ARN of one IAM role, user or account, such as arn:aws:iam::<account>:role/nodes";
  const table: [string, EcrRepositoryArgs, string[]][] = [
    ["an upper-case name", { repositoryName: "Web" }, [`${nameRule} (got "Web")`]],
    ["a name with one letter", { repositoryName: "w" }, [`${nameRule} (got "w")`]],
    ["a name with a tag", { repositoryName: "web:1" }, [`${nameRule} (got "web:1")`]],
    ["zero tagged images to keep", { keepTagged: 0 }, ["keepTagged: must be at least 1 (got 0)"]],
    ["a fraction of a day", { keepUntaggedDays: 0.5 }, ["keepUntaggedDays: must be a whole number (got 0.5)"]],
    ["all principals", { pullPrincipals: ["*"] }, [`pullPrincipals[0]: ${principalRule} (got "*")`]],
    [
      "all roles",
      { pullPrincipals: ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/*"] },
      [`pullPrincipals[1]: ${principalRule} (got "arn:aws:iam::<account>:role/*")`],
    ],
    [
      "several problems at once",
      { keepTagged: -1, pullPrincipals: ["111122223333"] },
      ["keepTagged: must be at least 1 (got -1)", `pullPrincipals[0]: ${principalRule} (got "<account>")`],
    ],
  ];
  test.each(table)("%s", async (_case, args, problems) => {
    const { result, resources } = await record(() => {
      try {
        new EcrRepository("shop/web", args);
      } catch (error) {
        return (error as Error).message;
      }
      return "accepted";
    });
    expect(result).toBe(['EcrRepository "shop/web":', ...problems.map((problem) => `  - ${problem}.`)].join("\n"));
    expect(result).not.toMatch(/\d{12}/);
    expect(resources.filter((r) => r.type.startsWith("aws:"))).toEqual([]);
  });
});
