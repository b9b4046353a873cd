import childProcess from "node:child_process";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient, pushImage } from "../../lib/docker-client.ts";
import { DynamicResource } from "./dynamic-resource.ts";
import { isThere, storedCredentials } from "./registry.ts";

// Serialised into the state: default imports only (except types), and as little code as possible. See registry-push.ts.

export interface SecretBuildArgs {
  /** Folder of the build context, relative to the project folder. */
  context: pulumi.Input<string>;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  /** Stage to build. @default - the last one. */
  target?: string;
  /** Values of its ARGs. */
  args: Record<string, string>;
  platform: string;
  /** Values of its secret mounts by their ids. */
  secrets: Record<string, pulumi.Input<string>>;
  /** Repository to push to. */
  repository: pulumi.Input<string>;
  /** A tag that changes with the context, the arguments, or the ids of the secrets. */
  tag: pulumi.Input<string>;
  /** @default - the credentials for the registry in Docker's credential store, if any. */
  username?: pulumi.Input<string>;
  password?: pulumi.Input<string>;
  /** How the registry is asked whether it has the image. The Docker Engine pushes with settings of its own. @default - as usual. */
  ca?: string;
  plainHttp?: boolean;
}

type Inputs = pulumi.Unwrap<SecretBuildArgs>;

/**
 * An image that Docker builds with BuildKit, because its Dockerfile mounts secrets (pulumi's docker.Image cannot), and pushes. A new value
 * of a secret alone builds nothing: no layer has it.
 */
export class SecretBuild extends DynamicResource<Inputs> {
  /** `repository@digest`, known after the push. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: SecretBuildArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = { additionalSecretOutputs: ["secrets", "password"] };
    const props = {
      ...args,
      secrets: pulumi.secret(args.secrets),
      password: args.password && pulumi.secret(args.password),
      ref: undefined,
    };
    super("SecretBuild", provider, name, props, pulumi.mergeOptions(opts, secret));
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs> = {
  async create(inputs) {
    return { id: inputs.repository, outs: await buildAndPush(inputs) };
  },

  // Ignores the secrets and the credentials, which rotate.
  async diff(_id, olds, news) {
    const replaces = olds.repository === news.repository ? [] : ["repository"];
    return { changes: replaces.length > 0 || olds.tag !== news.tag || olds.platform !== news.platform, replaces };
  },

  async update(_id, _olds, news) {
    return { outs: await buildAndPush(news) };
  },

  // If the registry is missing or does not have the image, the resource is reported as deleted, so that it is created again.
  async read(id, props) {
    return (await isThere(props as Inputs, props!.tag)) ? { id, props } : { id: "", props: {} };
  },
};

async function buildAndPush(inputs: Inputs): Promise<Inputs & { ref: string }> {
  const { repository, tag, username, password } = inputs;
  const name = `${repository}:${tag}`;
  await build(name, inputs);
  const registry = String(repository.split("/")[0]);
  const login = username ? { username, password } : storedCredentials(registry);
  const digest = await pushImage(dockerClient(), name, login ? { ...login, serveraddress: registry } : {});
  return { ...inputs, ref: `${repository}@${digest}` };
}

/** The secrets are in the environment of the `docker` command only: neither in its arguments nor in files. */
function build(name: string, { context, dockerfile, target, args, platform, secrets }: Inputs): Promise<void> {
  const variable = (i: number) => `SLIPWAY_BUILD_SECRET_${i}`;
  const given = Object.entries(secrets);
  const flags = [
    ...["--file", `${context}/${dockerfile}`, "--platform", platform, "--tag", name, "--progress", "plain"],
    ...(target === undefined ? [] : ["--target", target]),
    ...Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
    ...given.flatMap(([id], i) => ["--secret", `id=${id},env=${variable(i)}`]),
  ];
  const env = { ...process.env, DOCKER_BUILDKIT: "1", ...Object.fromEntries(given.map(([, value], i) => [variable(i), value])) };
  return new Promise((done, failed) => {
    childProcess.execFile("docker", ["build", ...flags, context], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (!error) return done();
      let output = `${stdout}${stderr}`;
      // A program in the build may print a secret.
      for (const [, value] of given) if (value !== "") output = output.replaceAll(value, "[secret]");
      const lines = output.split("\n").filter((line) => line.trim() !== "");
      failed(new Error([`${name}: the build failed:`, ...lines.slice(-20).map((line) => `  | ${line}`)].join("\n")));
    });
  });
}
