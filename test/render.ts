import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import slipway from "../program.ts";
import type { Manifest } from "../lib/kubernetes-client.ts";
import { plain } from "../lib/values.ts";
import { registrationsOf, withAbsoluteSources } from "../review/render/registrations.ts";
import type { Stack } from "../config/stack-file.ts";
import { awsOutputs, region } from "./unit/platforms/aws-outputs.ts";
import { accountWithRoom, FakeAws } from "./unit/platforms/fake-aws.ts";
import { record, watch, type Outputs, type Recorded } from "./unit/harness.ts";

/**
 * The complete Kubernetes objects that the program registers for the configuration of a stack, sorted by kind, namespace and name.
 * Secrets are in plain text. Compiles services from source, and needs neither Docker nor a cluster nor AWS.
 */
export async function render(stack: Pick<Stack, "config" | "secretKeys">): Promise<Manifest[]> {
  const resources = await registrationsOf({ project: "slipway", name: "test", main: "index.ts", folder: ".slipway/test", ...stack });
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const manifests = objects.map(({ inputs }) => plain<Manifest>(inputs));
  const key = ({ apiVersion, kind, metadata }: Manifest) => JSON.stringify([kind, apiVersion, metadata?.namespace ?? "", metadata?.name]);
  return manifests.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** A resource and the dependencies of its inputs. */
export interface Registered extends Recorded {
  /** URNs of the resources that an input depends on, by the name of the input. */
  madeOf: Record<string, string[]>;
}

/** All resources that the program registers for the configuration of a stack. Secrets are in plain text. */
export async function registrations({ config, secretKeys }: Pick<Stack, "config" | "secretKeys">, name?: string): Promise<Registered[]> {
  const absolute = withAbsoluteSources(config);
  using _aws = accountWithRoom(new FakeAws(), region);
  return await onEmptyMachine((folder) => {
    const program = () => {
      // A shared cluster would be started.
      const own = { "slipway:local": JSON.stringify({ ...JSON.parse(absolute["slipway:local"] ?? "{}"), cluster: "own" }) };
      pulumi.runtime.setAllConfig({ ...absolute, ...own }, secretKeys);
      return slipway();
    };
    return registeredBy(program, outputs(folder), name);
  });
}

/** All resources that a program registers. Secrets are in plain text. */
export async function registeredBy(program: () => unknown, outputs: Outputs = awsOutputs, stack?: string): Promise<Registered[]> {
  const madeOf: Record<string, Registered["madeOf"]> = {};
  const watched = watch(program, (request) => {
    const of: Registered["madeOf"] = (madeOf[`${request.getType()} ${request.getName()}`] = {});
    request.getPropertydependenciesMap().forEach((dependencies, property) => (of[property] = dependencies.getUrnsList()));
  });
  const { resources } = await record(watched, { outputs, stack });
  return resources.map(({ type, name, inputs }) => {
    return { type, name, inputs: plain<Recorded["inputs"]>(inputs), madeOf: madeOf[`${type} ${name}`] ?? {} };
  });
}

/** Outputs of mocked resources that the program reads. */
function outputs(folder: string) {
  return {
    ...awsOutputs,
    "docker:index/container:Container": ({ name }: Recorded) => {
      if (name.endsWith("-node")) writeFileSync(join(folder, ".slipway/test/kubeconfig.yaml"), "apiVersion: v1\n");
      return {};
    },
    "kubernetes:core/v1:Secret": ({ inputs }: Recorded) => ({ metadata: { ...inputs["metadata"], uid: "0b1c" } }),
  };
}

/** Runs in a temporary folder, with a fake Docker API that has one container, which publishes every port for the stack. */
async function onEmptyMachine<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const { DOCKER_HOST: dockerHost } = process.env;
  const checkout = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "slipway-render-"));
  const ports = Array.from({ length: 65_536 }, (_, port) => ({ PublicPort: port }));
  const containers = JSON.stringify([{ Names: ["/test"], Labels: { "dev.slipway.stack": "test" }, Ports: ports }]);
  const docker = createServer((_request, response) => response.end(containers));
  try {
    mkdirSync(join(folder, ".slipway"));
    await new Promise<void>((listening) => docker.listen(join(folder, "docker.sock"), listening));
    process.chdir(folder);
    process.env["DOCKER_HOST"] = `unix://${folder}/docker.sock`;
    return await work(folder);
  } finally {
    if (dockerHost === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = dockerHost;
    process.chdir(checkout);
    docker.close();
    rmSync(folder, { recursive: true });
  }
}
