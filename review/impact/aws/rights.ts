import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { any, aws } from "./kinds.ts";

const rights = aws(
  ...["iam.*", "eks.AccessEntry", "eks.AccessPolicyAssociation", "eks.PodIdentityAssociation", "ecr.RepositoryPolicy", "kms.KeyPolicy"],
  ...["s3.BucketPolicy", "s3.BucketPublicAccessBlock", "kms.Grant", "sqs.QueuePolicy"],
);

/** Rights. */
export const rightRules: ImpactRule[] = [
  {
    id: "aws-rights",
    types: rights,
    operations: any,
    impact: Impact.Access,
    reason: "{changed}: who may do what in the account",
  },
  {
    id: "aws-rights-changed",
    types: rights,
    operations: ["update"],
    properties: [
      ...["policy", "policyArn", "assumeRolePolicy", "inlinePolicies", "managedPolicyArns", "maxSessionDuration", "permissionsBoundary"],
      ...["kubernetesGroups", "userName", "accessScope", "roleArn", "targetRoleArn", "blockPublicAcls", "blockPublicPolicy", "role"],
      ...["ignorePublicAcls", "restrictPublicBuckets", "disableSessionTags"],
    ],
    impact: Impact.Access,
    reason: "{changed}: who may do what in the account",
  },
  {
    id: "aws-rights-description",
    types: rights,
    operations: ["update"],
    properties: ["description"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
