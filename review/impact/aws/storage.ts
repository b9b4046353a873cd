import type { Change, Step } from "../../preview/step.ts";
import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, created, createdOrRemoved, removed } from "./kinds.ts";

const stores = aws(
  ...["s3.Bucket", "s3.BucketV2", "rds.Instance", "rds.Cluster", "dynamodb.Table", "ebs.Volume", "efs.FileSystem", "elasticache.*"],
  ...["sqs.Queue", "secretsmanager.Secret", "ecr.Repository", "docdb.Cluster", "opensearch.Domain", "msk.Cluster"],
);
const logs = aws("cloudwatch.LogGroup");
/** Without a number of days, or with 0, CloudWatch keeps logs forever. */
const daysKept = (retentionInDays: unknown) => (Number(retentionInDays ?? 0) === 0 ? Infinity : Number(retentionInDays));
/** Whether logs are kept shorter, or may be: the new number can be unknown, and then compares as false. */
const isShorter = (_: Step, change?: Change) => !(daysKept(change!.after) >= daysKept(change!.before));

/** Data stores, image repositories, keys and logs. */
export const storageRules: ImpactRule[] = [
  {
    id: "store-gone",
    types: stores,
    operations: removed,
    impact: Impact.DataLoss,
    reason: "{changed}: its data is lost",
  },
  {
    id: "images-expire",
    types: aws("ecr.LifecyclePolicy"),
    operations: ["update"],
    properties: ["policy"],
    impact: Impact.DataLoss,
    reason: "{changed}: affects which images are deleted from the repository, within a day",
  },
  {
    id: "images-expire-from-now",
    types: aws("ecr.LifecyclePolicy"),
    operations: createdOrRemoved,
    impact: Impact.Metadata,
    reason: "{changed}: affects which images the repository keeps",
  },
  {
    id: "repository-tags",
    types: aws("ecr.Repository"),
    operations: ["update"],
    properties: ["imageTagMutability", "imageTagMutabilityExclusionFilters"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects whether a tag can be overwritten",
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
    operations: created,
    impact: Impact.Nothing,
    reason: "an empty repository costs nothing",
  },
  {
    id: "store-created",
    types: stores,
    operations: created,
    impact: Impact.Cost,
    reason: "new {kind}",
  },
  {
    id: "key-gone",
    types: aws("kms.Key"),
    operations: removed,
    impact: Impact.DataLoss,
    reason: "{changed}: data encrypted with the key becomes unreadable after the waiting period",
  },
  { id: "key-created", types: aws("kms.Key"), operations: created, impact: Impact.Cost, reason: "a KMS key, billed by the month" },
  {
    id: "key-rights",
    types: aws("kms.Key"),
    operations: ["update"],
    properties: ["policy"],
    impact: Impact.Access,
    reason: "{changed}: affects who may use the key",
  },
  {
    id: "key-settings",
    types: aws("kms.Key", "kms.Alias"),
    operations: ["update"],
    properties: ["description", "enableKeyRotation", "rotationPeriodInDays", "deletionWindowInDays", "isEnabled", "targetKeyId"],
    impact: Impact.Metadata,
    reason: "{changed}: {before} → {after}",
  },
  { id: "key-alias", types: aws("kms.Alias"), operations: createdOrRemoved, impact: Impact.Metadata, reason: "another name for a key" },
  {
    id: "logs-gone",
    types: logs,
    operations: removed,
    impact: Impact.DataLoss,
    reason: "{changed}: its logs are lost",
  },
  {
    id: "logs-kept-shorter",
    types: logs,
    operations: ["update"],
    properties: ["retentionInDays"],
    when: isShorter,
    impact: Impact.DataLoss,
    reason: "{changed} ({before} → {after}): older logs are deleted",
  },
  {
    id: "logs-kept-longer",
    types: logs,
    operations: ["update"],
    properties: ["retentionInDays"],
    impact: Impact.Cost,
    reason: "{changed} ({before} → {after}): more logs are stored",
  },
  {
    id: "logs-settings",
    types: logs,
    operations: ["update"],
    properties: ["kmsKeyId", "deletionProtectionEnabled"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
  { id: "logs-created", types: logs, operations: created, impact: Impact.Cost, reason: "a log group, billed by the gigabyte" },
];
