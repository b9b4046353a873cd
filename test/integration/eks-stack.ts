import * as pulumi from "@pulumi/pulumi";
import { readStack } from "../../config/stack-file.ts";
import slipway from "../../index.ts";
import { registeredBy, type Registered } from "../render.ts";
import { awsOutputs, region } from "../unit/platforms/aws-outputs.ts";
import { accountWithRoom, FakeAws } from "../unit/platforms/fake-aws.ts";
import type { Recorded } from "../unit/harness.ts";

/** What the stack `staging` registers with the given services and certificate. */
export async function registerStack(services: object, certificateArn: string): Promise<Registered[]> {
  using _aws = accountWithRoom(new FakeAws(), region);
  const { config } = readStack("staging");
  const program = () => {
    pulumi.runtime.setAllConfig({ ...config, "slipway:services": JSON.stringify(services) });
    return slipway();
  };
  const certificate = "aws:acm/certificate:Certificate";
  const withArn = (resource: Recorded) => ({ ...awsOutputs[certificate]!(resource), arn: certificateArn });
  return await registeredBy(program, { ...awsOutputs, [certificate]: withArn });
}
