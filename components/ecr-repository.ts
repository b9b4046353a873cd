import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { imageKeyPolicy } from "./internal/eks/iam.ts";
import { accountOf, regionOf } from "../lib/aws-arn.ts";
import { collect, ifKnown, problemWithNumber, throwIfAny, type Problem } from "../lib/problem.ts";
import { redact } from "../lib/redact.ts";

/** Arguments of `EcrRepository`. */
export interface EcrRepositoryArgs {
  /** Name in the registry, such as `shop/web`. It must be unique in the account and region. @default - the component's name. */
  repositoryName?: string;
  /**
   * KMS key that encrypts the images. Changing it replaces the repository. Repositories can share a key, because AWS charges for each.
   *
   * @default - a new key, which AWS rotates every year.
   */
  kmsKeyArn?: pulumi.Input<string>;
  /** Number of the newest tagged images to keep. Older ones are deleted, even if they still run. @default 100 */
  keepTagged?: number;
  /**
   * Days that untagged images are kept. Images that a tagged index refers to are kept with the index. AWS does not say whether bills of materials
   * and signatures, which are untagged, are kept with the image that they refer to.
   *
   * @default - the newest are kept: 20 for each tagged image that is kept, which is more than an image has of its own.
   */
  keepUntaggedDays?: number;
  /**
   * ARNs of IAM roles, users or accounts (`arn:aws:iam::<account>:root`) that may pull images. Principals in the same account need IAM
   * permissions instead.
   *
   * @default - none.
   */
  pullPrincipals?: pulumi.Input<string>[];
  /** Whether the repository can be deleted while it contains images. @default false */
  forceDelete?: boolean;
  /** Tags of the repository and its key. @default - none. */
  tags?: Record<string, pulumi.Input<string>>;
}

/**
 * An image repository in Amazon ECR. Tags are immutable; images are encrypted and scanned on push; old images are deleted.
 *
 * @example
 * const repository = new EcrRepository("shop/web", { pullPrincipals: ["arn:aws:iam::111122223333:role/nodes"] });
 * new GoImage("web", { source: "app", repository: repository.repositoryUrl, credentials: ecrCredentials("eu-central-1") });
 */
export class EcrRepository extends pulumi.ComponentResource {
  /** Where to push images: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`. */
  declare readonly repositoryUrl: pulumi.Output<string>;
  /** ARN of the repository. */
  declare readonly arn: pulumi.Output<string>;
  /** Id of the account that owns the registry. */
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
  const document = key.arn.apply((arn) => imageKeyPolicy({ region: regionOf(arn), account: accountOf(arn) }));
  const policy = new aws.kms.KeyPolicy(name, { keyId: key.id, policy: document }, opts);
  // Resources that use the key must wait for its policy.
  return pulumi.all([key.arn, policy.id]).apply(([arn]) => arn);
}

/** More than an index for several platforms has: their images, two bills of materials for each, provenance and signatures with two keys. */
const untaggedPerImage = 20;

/**
 * What refers to an image has no tag, and AWS deletes it within 24 hours after the image; whether a rule for untagged images spares it before, it does
 * not say: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. By number, the oldest ones go, which are those of images that
 * are gone. https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */
function lifecyclePolicy({ keepTagged = 100, keepUntaggedDays }: EcrRepositoryArgs): string {
  const action = { type: "expire" };
  const newest = keepTagged * untaggedPerImage;
  const untagged =
    keepUntaggedDays === undefined
      ? {
          description: `Of images without a tag, with what refers to images, the last ${newest} stay`,
          selection: { tagStatus: "untagged", countType: "imageCountMoreThan", countNumber: newest },
        }
      : {
          description: `Images without a tag go after ${keepUntaggedDays} days`,
          selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: keepUntaggedDays },
        };
  return JSON.stringify({
    rules: [
      { rulePriority: 1, ...untagged, action },
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

/** What is wrong with the arguments, if their values are known. Messages contain no account ids. */
export function problemsWithRepository(name: string, args: EcrRepositoryArgs): Problem[] {
  const { repositoryName = name, keepTagged, keepUntaggedDays, pullPrincipals = [] } = args;
  return collect((report) => {
    report(["repositoryName"], problemWithRepositoryName(repositoryName));
    report(["keepTagged"], problemWithNumber(keepTagged, 1));
    report(["keepUntaggedDays"], problemWithNumber(keepUntaggedDays, 1));
    for (const [i, principal] of pullPrincipals.entries()) report(["pullPrincipals", i], ifKnown(principal, problemWithPrincipal));
  });
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
function problemWithRepositoryName(name: string): string | undefined {
  if (name.length >= 2 && name.length <= 256 && /^([a-z0-9]+([._-][a-z0-9]+)*\/)*[a-z0-9]+([._-][a-z0-9]+)*$/.test(name)) return undefined;
  return `must be 2 to 256 lower-case letters and digits, separated by single ".", "_", "-" or "/", such as shop/web (got "${name}")`;
}

function problemWithPrincipal(arn: string): string | undefined {
  if (/^arn:aws(-[a-z]+)*:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]+)$/.test(arn)) return undefined;
  return `must be the ARN of one IAM role, user or account, such as arn:aws:iam::<account>:role/nodes (got "${redact(arn)}")`;
}
