import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { identityOf, imageKeyPolicy } from "./internal/eks/iam.ts";
import { throwIfAny } from "../lib/problem.ts";

export interface EcrRepositoryArgs {
  /** Name in the registry, such as `shop/web`; it must differ from those of other stacks in the account. @default - the component's. */
  repositoryName?: string;
  /**
   * Key that encrypts the images. Another one is another repository: it cannot be changed. Several repositories may share one, for
   * each key has its price.
   *
   * @default - one of its own, whose material AWS renews every year.
   */
  kmsKeyArn?: pulumi.Input<string>;
  /** Tagged images that are kept, the newest; an older one is gone also where it still runs. @default 100 */
  keepTagged?: number;
  /** Days that images without a tag are kept; those that a tagged index refers to stay with it. @default 7 */
  keepUntaggedDays?: number;
  /**
   * ARNs of IAM roles, users or accounts (`arn:aws:iam::<account>:root`) that may pull. What is in the same account needs none, but
   * rights of its own.
   *
   * @default - none.
   */
  pullPrincipals?: pulumi.Input<string>[];
  /** Whether it is deleted with the images in it; else a repository with images cannot be deleted. @default false */
  forceDelete?: boolean;
  /** @default - none. */
  tags?: Record<string, pulumi.Input<string>>;
}

/**
 * A repository for images in Amazon ECR: what a tag means never changes, images are encrypted and scanned when they come, and old
 * ones go.
 *
 * @example
 * const repository = new EcrRepository("shop/web", { pullPrincipals: ["arn:aws:iam::111122223333:role/nodes"] });
 * new GoImage("web", { source: "app", repository: repository.repositoryUrl, credentials: ecrCredentials("eu-central-1") });
 */
export class EcrRepository extends pulumi.ComponentResource {
  /** What images are pushed to: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`. */
  declare readonly repositoryUrl: pulumi.Output<string>;
  declare readonly arn: pulumi.Output<string>;
  /** Account that the registry belongs to. */
  declare readonly registryId: pulumi.Output<string>;

  constructor(name: string, args: EcrRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:EcrRepository", name, {}, opts);
    throwIfAny(problemsWithRepository(name, args), `EcrRepository "${name}":`);
    const { repositoryName = name, pullPrincipals = [], forceDelete = false, tags } = args;
    const child = { parent: this };
    const repository = new aws.ecr.Repository(
      name,
      {
        name: repositoryName,
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: args.kmsKeyArn ?? createKey(name, repositoryName, tags, child) }],
        forceDelete,
        tags,
      },
      child,
    );
    new aws.ecr.LifecyclePolicy(name, { repository: repository.name, policy: lifecyclePolicy(args) }, child);
    if (pullPrincipals.length > 0)
      new aws.ecr.RepositoryPolicy(name, { repository: repository.name, policy: pullPolicy(pullPrincipals) }, child);
    this.repositoryUrl = repository.repositoryUrl;
    this.arn = repository.arn;
    this.registryId = repository.registryId;
    this.registerOutputs({ repositoryUrl: this.repositoryUrl, arn: this.arn, registryId: this.registryId });
  }
}

function createKey(name: string, repositoryName: string, tags: EcrRepositoryArgs["tags"], opts: pulumi.CustomResourceOptions) {
  const description = `Encrypts the images of ${repositoryName}`;
  const key = new aws.kms.Key(name, { description, enableKeyRotation: true, deletionWindowInDays: 30, tags }, opts);
  const document = key.arn.apply((arn) => imageKeyPolicy(identityOf(arn)));
  const policy = new aws.kms.KeyPolicy(name, { keyId: key.id, policy: document }, opts);
  // Whoever uses the key needs the policy to be there.
  return pulumi.all([key.arn, policy.id]).apply(([arn]) => arn);
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
function lifecyclePolicy({ keepTagged = 100, keepUntaggedDays = 7 }: EcrRepositoryArgs): string {
  const action = { type: "expire" };
  return JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: `Images without a tag go after ${keepUntaggedDays} days`,
        selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: keepUntaggedDays },
        action,
      },
      {
        rulePriority: 2,
        description: `Of images with a tag the last ${keepTagged} stay`,
        selection: { tagStatus: "tagged", tagPatternList: ["*"], countType: "imageCountMoreThan", countNumber: keepTagged },
        action,
      },
    ],
  });
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html */
function pullPolicy(principals: pulumi.Input<string>[]): aws.types.input.ecr.PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Pull",
        Effect: "Allow",
        Principal: { AWS: principals },
        Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      },
    ],
  };
}

/** What is wrong with the arguments, as far as their values are known. */
function problemsWithRepository(name: string, args: EcrRepositoryArgs): string[] {
  const { repositoryName = name, keepTagged = 1, keepUntaggedDays = 1, pullPrincipals = [] } = args;
  const wrongPrincipals = [...pullPrincipals.entries()].filter(([, arn]) => typeof arn === "string" && !principal.test(arn));
  const whole = (value: number) => Number.isInteger(value) && value >= 1;
  return [
    !(repositoryName.length >= 2 && repositoryName.length <= 256 && nameInRegistry.test(repositoryName)) &&
      `repositoryName must be 2 to 256 lower-case letters, digits, single "." and "_", "-" and "/" between them, such as shop/web (got "${repositoryName}")`,
    !whole(keepTagged) && `keepTagged must be at least 1 (got ${keepTagged})`,
    !whole(keepUntaggedDays) && `keepUntaggedDays must be at least 1 (got ${keepUntaggedDays})`,
    // Their values have account ids, which are not to be in messages.
    ...wrongPrincipals.map(
      ([i]) =>
        `pullPrincipals.${i} must be the ARN of one IAM role, user or account, such as arn:aws:iam::<account>:role/nodes, without "*"`,
    ),
  ].filter((problem) => typeof problem === "string");
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
const nameInRegistry = /^([a-z0-9]+([._-][a-z0-9]+)*\/)*[a-z0-9]+([._-][a-z0-9]+)*$/;

const principal = /^arn:aws(-[a-z]+)*:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]+)$/;
