import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, createdOrRemoved } from "./kinds.ts";

const policies = aws(
  ...["iam.*", "eks.AccessEntry", "eks.AccessPolicyAssociation", "eks.PodIdentityAssociation", "ecr.RepositoryPolicy", "kms.KeyPolicy"],
  ...["s3.BucketPolicy", "s3.BucketPublicAccessBlock", "kms.Grant", "sqs.QueuePolicy"],
);

/** IAM, resource policies and access entries of EKS. */
export const accessRules: ImpactRule[] = [
  {
    id: "aws-rights",
    types: policies,
    operations: createdOrRemoved,
    impact: Impact.Access,
    reason: "{changed}: affects permissions in the AWS account",
  },
  {
    id: "aws-rights-changed",
    types: policies,
    operations: ["update"],
    properties: [
      ...["policy", "policyArn", "assumeRolePolicy", "inlinePolicies", "managedPolicyArns", "maxSessionDuration", "permissionsBoundary"],
      ...["kubernetesGroups", "userName", "accessScope", "roleArn", "targetRoleArn", "blockPublicAcls", "blockPublicPolicy", "role"],
      ...["ignorePublicAcls", "restrictPublicBuckets", "disableSessionTags"],
    ],
    impact: Impact.Access,
    reason: "{changed}: affects permissions in the AWS account",
  },
  {
    id: "aws-rights-description",
    types: policies,
    operations: ["update"],
    properties: ["description"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
