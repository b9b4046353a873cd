import { credentials } from "@grpc/grpc-js";
import callbacks from "@pulumi/pulumi/proto/callback_grpc_pb.js";
import callbackproto, { type Callback } from "@pulumi/pulumi/proto/callback_pb.js";
import resproto from "@pulumi/pulumi/proto/resource_pb.js";
import type { Properties } from "../lib/values.ts";

/** Names of options in a registration and in a transform. */
const options = {
  Protect: "Protect",
  DependenciesList: "DependsOnList",
  Provider: "Provider",
  IgnorechangesList: "IgnoreChangesList",
  AdditionalsecretoutputsList: "AdditionalSecretOutputsList",
  Customtimeouts: "CustomTimeouts",
  ReplaceonchangesList: "ReplaceOnChangesList",
  Retainondelete: "RetainOnDelete",
  Deletedwith: "DeletedWith",
  AliasesList: "AliasesList",
} as const;

/**
 * The transforms of a program. Those of a resource run first, then those of its parents, the nearest first, then those of the stack
 * (https://www.pulumi.com/docs/iac/concepts/resources/options/transforms/).
 */
export class Transforms {
  private readonly byUrn = new Map<string, { parent: string; transforms: Callback[] }>();
  private readonly ofStack: Callback[] = [];

  addToStack(transform: Callback): void {
    this.ofStack.push(transform);
  }

  /** Changes a registration in place. */
  async apply(registration: Properties, urn: string): Promise<void> {
    const parent = registration.getParent();
    this.byUrn.set(urn, { parent, transforms: registration.getTransformsList() });
    for (let at: string | undefined = urn; at; at = this.byUrn.get(at)?.parent)
      for (const transform of this.byUrn.get(at)?.transforms ?? []) await invoke(transform, registration);
    for (const transform of this.ofStack) await invoke(transform, registration);
  }
}

/** A transform runs in the program, which serves it over gRPC. */
async function invoke(transform: Callback, registration: Properties): Promise<void> {
  const request: Properties = new resproto.TransformRequest();
  for (const field of ["Type", "Name", "Custom", "Parent"]) request[`set${field}`](registration[`get${field}`]());
  request.setProperties(registration.getObject());
  const given: Properties = new resproto.TransformResourceOptions();
  for (const [ours, theirs] of Object.entries(options)) given[`set${theirs}`](registration[`get${ours}`]());
  request.setOptions(given);
  const call = new callbackproto.CallbackInvokeRequest();
  call.setToken(transform.getToken());
  call.setRequest(request.serializeBinary());
  const client = new callbacks.CallbacksClient(transform.getTarget(), credentials.createInsecure());
  const answer = await new Promise<Uint8Array>((resolve, reject) =>
    client.invoke(call, (error, response) => (error ? reject(new Error(error.details)) : resolve(response.getResponse_asU8()))),
  ).finally(() => client.close());
  const response = resproto.TransformResponse.deserializeBinary(answer);
  registration.setObject(response.getProperties());
  const changed: Properties | undefined = response.getOptions();
  for (const [ours, theirs] of Object.entries(changed ? options : {})) registration[`set${ours}`](changed![`get${theirs}`]());
}
