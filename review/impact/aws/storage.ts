import type { Change, Step } from "../../preview/step.ts";
import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, comes, goes, any } from "./kinds.ts";

const stores = aws(
  ...["s3.Bucket", "s3.BucketV2", "rds.Instance", "rds.Cluster", "dynamodb.Table", "ebs.Volume", "efs.FileSystem", "elasticache.*"],
  ...["sqs.Queue", "secretsmanager.Secret", "ecr.Repository", "docdb.Cluster", "opensearch.Domain", "msk.Cluster"],
);
const logs = aws("cloudwatch.LogGroup");
const isShorter = (_: Step, change?: Change) =>
  Number(change!.after) !== 0 && (Number(change!.before) === 0 || Number(change!.after) < Number(change!.before));

/** What is stored. */
export const storageRules: ImpactRule[] = [
  {
    id: "store-gone",
    types: stores,
    operations: goes,
    impact: Impact.DataLoss,
    reason: "{changed}: the {kind} goes, with what is stored in it",
  },
  {
    id: "images-expire",
    types: aws("ecr.LifecyclePolicy"),
    operations: ["update"],
    properties: ["policy"],
    impact: Impact.DataLoss,
    reason: "{changed}: other images are deleted from the repository, within a day",
  },
  {
    id: "images-expire-from-now",
    types: aws("ecr.LifecyclePolicy"),
    operations: any,
    impact: Impact.Metadata,
    reason: "{changed}: which images the repository keeps",
  },
  {
    id: "repository-tags",
    types: aws("ecr.Repository"),
    operations: ["update"],
    properties: ["imageTagMutability", "imageTagMutabilityExclusionFilters"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: whether a tag may be pushed again with another image",
  },
  {
    id: "repository-settings",
    types: aws("ecr.Repository"),
    operations: ["update"],
    properties: ["imageScanningConfiguration", "forceDelete"],
    impact: Impact.Metadata,
    reason: "{changed}: {before} → {after}",
  },
  {
    id: "repository-created",
    types: aws("ecr.Repository"),
    operations: comes,
    impact: Impact.Nothing,
    reason: "an empty repository costs nothing",
  },
  {
    id: "store-created",
    types: stores,
    operations: comes,
    impact: Impact.Cost,
    reason: "a new {kind}",
  },
  {
    id: "key-gone",
    types: aws("kms.Key"),
    operations: goes,
    impact: Impact.DataLoss,
    reason: "{changed}: what is encrypted with the key cannot be read once its waiting time is over",
  },
  { id: "key-created", types: aws("kms.Key"), operations: comes, impact: Impact.Cost, reason: "a key, paid for by the month" },
  {
    id: "key-rights",
    types: aws("kms.Key"),
    operations: ["update"],
    properties: ["policy"],
    impact: Impact.Access,
    reason: "{changed}: who may use the key",
  },
  {
    id: "key-settings",
    types: aws("kms.Key", "kms.Alias"),
    operations: ["update"],
    properties: ["description", "enableKeyRotation", "rotationPeriodInDays", "deletionWindowInDays", "isEnabled", "targetKeyId"],
    impact: Impact.Metadata,
    reason: "{changed}: {before} → {after}",
  },
  { id: "key-alias", types: aws("kms.Alias"), operations: any, impact: Impact.Metadata, reason: "another name of a key" },
  {
    id: "logs-gone",
    types: logs,
    operations: goes,
    impact: Impact.DataLoss,
    reason: "{changed}: the logs go",
  },
  {
    id: "logs-kept-shorter",
    types: logs,
    operations: ["update"],
    properties: ["retentionInDays"],
    when: isShorter,
    impact: Impact.DataLoss,
    reason: "{changed}: {before} → {after}: older logs go",
  },
  {
    id: "logs-kept-longer",
    types: logs,
    operations: ["update"],
    properties: ["retentionInDays"],
    impact: Impact.Cost,
    reason: "{changed}: {before} → {after}: more is stored",
  },
  {
    id: "logs-settings",
    types: logs,
    operations: ["update"],
    properties: ["kmsKeyId", "deletionProtectionEnabled"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
  { id: "logs-created", types: logs, operations: comes, impact: Impact.Cost, reason: "logs, paid for by the gigabyte" },
];
