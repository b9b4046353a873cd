import { accountOf, identityOf, lastPart, partitionOf, regionOf } from "../../../lib/aws-arn.ts";

test("the ARN of a cluster gives its region, account and name", () => {
  const arn = "arn:aws:eks:eu-central-1:111122223333:cluster/prod";
  expect(identityOf(arn)).toEqual({ region: "eu-central-1", account: "111122223333", cluster: "prod" });
});

test("the ARN of a role gives the account and the name without its path, and no region", () => {
  const arn = "arn:aws:iam::111122223333:role/ci/deployer";
  expect([regionOf(arn), accountOf(arn), lastPart(arn)]).toEqual(["", "111122223333", "deployer"]);
});

test("the partition follows from the region", () => {
  expect(["eu-west-1", "us-gov-west-1", "cn-north-1"].map(partitionOf)).toEqual(["aws", "aws-us-gov", "aws-cn"]);
});
